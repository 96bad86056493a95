import { useQuery } from "@tanstack/react-query";
import { NodeState, powerOf, useAcceleratorColumns, watts } from "@/features/nodes/columns";
import { PastChart } from "@/features/nodes/past-chart";
import { ranges, type Measure, type Range } from "@/features/nodes/past";
import { historyQuery, type Node } from "@/features/nodes/queries";
import { Timeline } from "@/features/nodes/timeline";
import { useNodeWords } from "@/features/nodes/words";
import { Figure, Figures } from "@/shared/figure";
import * as format from "@/shared/format";
import { Card, Section } from "@/shared/page";
import { Panel } from "@/shared/panel";
import { Segments } from "@/shared/segments";
import { Bones, ErrorState, StaleNotice } from "@/shared/states";
import { Table } from "@/shared/table";
import { useLanguage } from "@/shared/values";

interface NodePanelProps {
  node: Node;
  range: Range;
  measure: Measure;
  onRange: (range: Range) => void;
  onMeasure: (measure: Measure) => void;
  onClose: () => void;
}

/** A node now, its accelerators, and what it did over time. */
export function NodePanel({ node, onClose, ...past }: NodePanelProps) {
  const words = useNodeWords();
  const language = useLanguage();
  const columns = useAcceleratorColumns();
  const counted = Object.entries(node.counted);
  return (
    <Panel open width={900} title={node.name} subtitle={words.cpus(format.calculated(node.cpus, language))} onClose={onClose}>
      <NodeState node={node} />
      <Now node={node} />
      <Section title={words.accelerators}>
        {node.accelerators.length ? (
          <Card padded={false}>
            <Table label={words.accelerators} rows={node.accelerators} columns={columns} rowKey={({ id }) => id} />
          </Card>
        ) : (
          <p className="muted">{counted.length ? words.counted(counted.map(([model, count]) => `${format.fine(count, language)} × ${model}`).join(", ")) : words.noAccelerator}</p>
        )}
      </Section>
      <Past node={node} {...past} />
    </Panel>
  );
}

function Now({ node }: { node: Node }) {
  const words = useNodeWords();
  const language = useLanguage();
  const power = powerOf(node);
  return (
    <Figures>
      <Figure name={words.load} value={node.utilisation === null ? "–" : format.percent(node.utilisation, language)} />
      <Figure name={words.memory} value={format.bytes(node.used_bytes, language)} note={words.ofMemory(format.bytes(node.used_bytes, language), format.bytes(node.memory_bytes, language))} />
      <Figure name={words.free} value={format.bytes(node.free_bytes, language)} />
      <Figure name={words.power} value={watts(power, language)} note={power === null ? words.unknown : words.powerOf} />
    </Figures>
  );
}

function Past({ node, range, measure, onRange, onMeasure }: Omit<NodePanelProps, "onClose">) {
  const words = useNodeWords();
  const { data, error, refetch } = useQuery(historyQuery(node.name, range));
  return (
    <>
      <Section
        title={words.over}
        aside={
          <Segments
            size="small"
            aria-label={words.range}
            value={range}
            options={(Object.keys(ranges) as Range[]).map((value) => ({ value, label: words.ranges[value] }))}
            onChange={onRange}
          />
        }
      >
        {data && error ? <StaleNotice error={error} retry={() => void refetch()} /> : null}
        {data ? <PastChart history={data} measure={measure} onMeasure={onMeasure} /> : error ? <ErrorState error={error} retry={() => void refetch()} /> : <Bones lines={7} />}
      </Section>
      {data ? (
        <Section title={words.ran}>
          <Timeline history={data} />
        </Section>
      ) : null}
    </>
  );
}
