import { Box, Text } from 'ink';
import type { Tone } from './entries.js';
import { type Frame, PEOPLE_CELLS } from './layout.js';
import type { Row } from './log-rows.js';

/** What each tone is, of the sixteen colours that every terminal has, light or dark. */
const TONES: Record<Tone, { bold?: boolean; dimColor?: boolean; inverse?: boolean; color?: string }> = {
  plain: {},
  strong: { bold: true },
  dim: { dimColor: true },
  risk: { color: 'yellow' },
  failed: { color: 'red' },
  done: { color: 'green' },
  accent: { color: 'magenta', bold: true },
  picked: { inverse: true },
};

/** Draws a frame; everything about it was decided by `layout`. */
export function Screenful({ frame, color }: { frame: Frame; color: boolean }) {
  const { columns, head, log, people, foot } = frame;
  const beside = people.length > 0;
  return (
    <Box flexDirection="column" width={columns}>
      <Rows rows={head} color={color} />
      <Box>
        <Box width={beside ? columns - PEOPLE_CELLS : columns} flexDirection="column">
          <Rows rows={log} color={color} />
        </Box>
        {beside && (
          <Box width={PEOPLE_CELLS} flexDirection="column">
            <Rows rows={people} color={color} />
          </Box>
        )}
      </Box>
      <Rows rows={foot} color={color} />
    </Box>
  );
}

/** Rows never move among each other: their place is what names them. */
function Rows({ rows, color }: { rows: readonly Row[]; color: boolean }) {
  return rows.map((row, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place
    <Text key={i} wrap="truncate-end">
      {row.length === 0
        ? ' '
        : row.map(({ text, tone }, j) => {
            const { color: hue, ...rest } = TONES[tone];
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: as above
              <Text key={j} {...rest} color={color ? hue : undefined}>
                {text}
              </Text>
            );
          })}
    </Text>
  ));
}
