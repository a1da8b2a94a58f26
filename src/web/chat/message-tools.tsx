import {
  ArrowUpFromLine,
  Copy,
  Ellipsis,
  MailCheck,
  Pencil,
  Reply,
  SmilePlus,
  Trash2,
  User,
} from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import type { Message } from '../../daemon/chat-api.js';
import { useStore } from '../state/use-page.js';
import { EmojiPicker } from './emoji/emoji-picker.js';
import { useTalks } from './use-talks.js';

/** What of a message's tools is open. */
export type Opened = 'menu' | 'emoji' | null;

interface MessageToolsProps {
  message: Message;
  opened: Opened;
  onOpened: (opened: Opened) => void;
  onDelete: () => void;
  onReach: () => void;
  onFailure: (text: string) => void;
}

/** What can be done with the message under the pointer, or the one that has the focus. */
export function MessageTools({ message, opened, onOpened, onDelete, onReach, onFailure }: MessageToolsProps) {
  const talks = useTalks();
  const store = useStore();
  const { roomId, author, self } = message;
  const reply = () => talks.reply(message);
  return (
    <div className="message-tools" role="toolbar" aria-label={`Message of ${author.name}`}>
      <EmojiPicker
        quick
        open={opened === 'emoji'}
        onOpen={(open) => onOpened(open ? 'emoji' : null)}
        onChoose={(emoji) =>
          void talks.react(message, emoji, true).catch((err: Error) => onFailure(err.message))
        }
      >
        <button type="button" className="icon-button" title="React (E)" aria-label="React">
          <SmilePlus aria-hidden="true" />
        </button>
      </EmojiPicker>
      <button type="button" className="icon-button" title="Reply (R)" aria-label="Reply" onClick={reply}>
        <Reply aria-hidden="true" />
      </button>
      <button
        type="button"
        className="icon-button"
        title="Copy (C)"
        aria-label="Copy"
        onClick={() => void copyText(message)}
      >
        <Copy aria-hidden="true" />
      </button>
      <DropdownMenu.Root
        modal={false}
        open={opened === 'menu'}
        onOpenChange={(open) => onOpened(open ? 'menu' : null)}
      >
        <DropdownMenu.Trigger className="icon-button" title="More" aria-label="More about this message">
          <Ellipsis aria-hidden="true" />
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
            <DropdownMenu.Item className="menu-item" onSelect={reply}>
              <Reply aria-hidden="true" /> Reply <kbd>R</kbd>
            </DropdownMenu.Item>
            {self && (
              <DropdownMenu.Item
                className="menu-item"
                onSelect={() => talks.compose(roomId, { editing: message, replyTo: null })}
              >
                <Pencil aria-hidden="true" /> Edit
              </DropdownMenu.Item>
            )}
            <DropdownMenu.Item className="menu-item" onSelect={() => void copyText(message)}>
              <Copy aria-hidden="true" /> Copy the text <kbd>C</kbd>
            </DropdownMenu.Item>
            {self ? (
              <DropdownMenu.Item className="menu-item" onSelect={onReach}>
                <MailCheck aria-hidden="true" /> Who has it…
              </DropdownMenu.Item>
            ) : (
              <>
                <DropdownMenu.Item
                  className="menu-item"
                  onSelect={() => talks.compose(roomId, { to: author, editing: null })}
                >
                  <ArrowUpFromLine aria-hidden="true" /> Write to {author.name} alone
                </DropdownMenu.Item>
                <DropdownMenu.Item className="menu-item" onSelect={() => store.showPerson(author.id)}>
                  <User aria-hidden="true" /> About {author.name}
                </DropdownMenu.Item>
              </>
            )}
            {self && (
              <>
                <DropdownMenu.Separator className="menu-line" />
                <DropdownMenu.Item className="menu-item danger" onSelect={onDelete}>
                  <Trash2 aria-hidden="true" /> Delete for everyone… <kbd>Del</kbd>
                </DropdownMenu.Item>
              </>
            )}
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
    </div>
  );
}

/** Puts a message's Markdown on the clipboard. */
export const copyText = ({ text }: Message): Promise<void> => navigator.clipboard.writeText(text);
