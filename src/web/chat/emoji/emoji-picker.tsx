import './emoji.css';
import { Popover } from 'radix-ui';
import { type KeyboardEvent, type ReactNode, useRef, useState } from 'react';
import { EMOJI_GROUPS } from './emoji-groups.js';
import { findEmoji, QUICK_EMOJI } from './find-emoji.js';

interface EmojiPickerProps {
  /** What opens it. */
  children: ReactNode;
  open: boolean;
  onOpen: (open: boolean) => void;
  onChoose: (emoji: string) => void;
  /** Shows the few that reactions mostly are first. */
  quick?: boolean;
}

const FOUND = 48;

/** A grid of emoji by a button: by mouse, by arrow keys, by name, or any other one typed into its field. */
export function EmojiPicker({ children, open, onOpen, onChoose, quick = false }: EmojiPickerProps) {
  const [typed, setTyped] = useState('');
  const grid = useRef<HTMLDivElement>(null);
  const found = findEmoji(typed, FOUND);
  const choose = (emoji: string) => {
    setTyped('');
    onOpen(false);
    onChoose(emoji);
  };
  return (
    <Popover.Root open={open} onOpenChange={onOpen}>
      <Popover.Trigger asChild>{children}</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="emoji-picker" aria-label="Choose an emoji" collisionPadding={8}>
          {quick && typed === '' && (
            <div className="emoji-quick">
              {QUICK_EMOJI.map((emoji) => (
                <EmojiButton key={emoji} emoji={emoji} name={emoji} onChoose={choose} />
              ))}
            </div>
          )}
          <input
            className="field"
            aria-label="Find an emoji, or type any"
            placeholder="Find, or type any"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && found[0]) choose(found[0][0]);
              if (event.key === 'ArrowDown') firstOf(grid.current)?.focus();
            }}
          />
          {/* biome-ignore lint/a11y/noStaticElementInteractions: arrow keys move between the buttons in it */}
          <div ref={grid} className="emoji-grid" onKeyDown={moveFocus}>
            {typed === '' ? (
              EMOJI_GROUPS.map(({ name, emoji }) => (
                <section key={name} aria-label={name}>
                  <h3>{name}</h3>
                  {emoji.map(([each, word]) => (
                    <EmojiButton key={each} emoji={each} name={word} onChoose={choose} />
                  ))}
                </section>
              ))
            ) : (
              <section aria-label="Found">
                {found.map(([each, word]) => (
                  <EmojiButton key={each} emoji={each} name={word} onChoose={choose} />
                ))}
                {found.length === 0 && (
                  <p>No emoji of this name here. One that you type itself can be used.</p>
                )}
              </section>
            )}
          </div>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

interface EmojiButtonProps {
  emoji: string;
  name: string;
  onChoose: (emoji: string) => void;
}

function EmojiButton({ emoji, name, onChoose }: EmojiButtonProps) {
  return (
    <button type="button" className="emoji" title={name} aria-label={name} onClick={() => onChoose(emoji)}>
      {emoji}
    </button>
  );
}

const firstOf = (grid: HTMLElement | null) => grid?.querySelector<HTMLElement>('.emoji');

const COLUMNS = 8;
const STEPS: { [key: string]: number } = {
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowUp: -COLUMNS,
  ArrowDown: COLUMNS,
};

function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step = STEPS[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>('.emoji')];
  all[all.indexOf(event.target as HTMLElement) + step]?.focus();
}
