import { createLink } from "@tanstack/react-router";
import { Button, type ButtonProps } from "antd";

/** A link that looks like a button: one element, an anchor. */
export const LinkButton = createLink(function AnchorButton(props: ButtonProps) {
  return <Button {...props} />;
});
