import { createLink } from "@tanstack/react-router";
import { Button, type ButtonProps } from "antd";

/** A link that looks like a button: one element, an anchor. */
export const LinkButton = createLink(function AnchorButton({ primary = false, ...props }: Omit<ButtonProps, "type"> & { primary?: boolean }) {
  return <Button {...props} type={primary ? "primary" : "default"} />;
});
