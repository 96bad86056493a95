import { App, Button, Dropdown } from "antd";
import { Download } from "lucide-react";
import { useState } from "react";
import { api, ask } from "@/api/client";
import type { Asking } from "@/features/planner/bodies";
import { usePlannerWords } from "@/features/planner/words";
import { download } from "@/shared/rows";
import { useProblemTexts } from "@/shared/states";

const formats = ["xlsx", "pdf"] as const;
type Format = (typeof formats)[number];

/** The plan as a file of the server's: a workbook that goes on calculating, or a document. */
function fileOf(asking: Asking, format: Format): Promise<Blob> {
  const more = { params: { query: { format } }, parseAs: "blob" } as const;
  switch (asking.kind) {
    case "train":
      return ask(api.POST("/api/plans/training/export", { ...more, body: asking.body }));
    case "serve":
      return ask(api.POST("/api/plans/serving/export", { ...more, body: asking.body }));
    case "compare":
      return ask(api.POST("/api/plans/comparison/export", { ...more, body: asking.body }));
  }
}

export function ExportButton({ asking, disabled }: { asking: Asking; disabled: boolean }) {
  const words = usePlannerWords();
  const { message } = App.useApp();
  const [working, setWorking] = useState(false);
  const save = async (format: Format) => {
    setWorking(true);
    try {
      download(`${asking.kind}-plan.${format}`, await fileOf(asking, format));
    } catch (reason) {
      message.error(<Why error={reason} />);
    } finally {
      setWorking(false);
    }
  };
  return (
    <Dropdown disabled={disabled} trigger={["click"]} menu={{ items: formats.map((format) => ({ key: format, label: words.files[format] })), onClick: ({ key }) => void save(key as Format) }}>
      <Button loading={working} disabled={disabled} icon={<Download size={15} aria-hidden="true" />}>
        {words.export}
      </Button>
    </Dropdown>
  );
}

function Why({ error }: { error: unknown }) {
  const { message, remedy } = useProblemTexts(error);
  return (
    <>
      {message} {remedy}
    </>
  );
}
