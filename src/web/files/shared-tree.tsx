import {
  ChevronDown,
  ChevronRight,
  Download,
  File,
  Folder,
  FolderOpen,
  Image,
  TriangleAlert,
} from 'lucide-react';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import type { SharedInfo } from '../../daemon/files-api.js';
import { Face } from '../parts/face.js';
import { size } from './amounts.js';
import { isPictureName } from './picture-header.js';
import { type Row, rowsOf, treeStep } from './shared-rows.js';
import type { SharedTree } from './use-shared.js';

interface TreeProps {
  shared: SharedTree;
  self: string;
  onGet: (entry: SharedInfo) => void;
}

/** Everybody's shares as one tree: arrows walk it, Enter opens a folder and fetches a file. */
export function SharedTreeView({ shared, self, onGet }: TreeProps) {
  const rows = rowsOf(shared);
  const id = useId();
  const [at, setAt] = useState<string | null>(null);
  const tree = useRef<HTMLDivElement>(null);
  const wanted = useRef(false);
  const stops = rows.filter(({ type }) => type !== 'note');
  const current = stops.some(({ key }) => key === at) ? at : (stops[0]?.key ?? null);
  useEffect(() => {
    if (!wanted.current) return;
    wanted.current = false;
    tree.current?.querySelector<HTMLElement>('[role=treeitem][tabindex="0"]')?.focus();
  });

  const setOpen = (row: Row, open: boolean) => {
    if (row.type === 'owner') shared.setOpen(row.owner.id, '', open);
    if (row.type === 'entry') shared.setOpen(row.entry.owner.id, row.entry.path, open);
  };
  const act = (row: Row) => {
    setAt(row.key);
    if (row.type === 'entry' && !row.entry.folder) {
      if (row.entry.owner.id !== self) onGet(row.entry);
    } else if (row.type !== 'note') setOpen(row, !row.open);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || current === null) return;
    const row = rows.find(({ key }) => key === current);
    const isRow = (event.target as HTMLElement).role === 'treeitem';
    if (isRow && row && (event.key === 'Enter' || event.key === ' ')) {
      event.preventDefault();
      return act(row);
    }
    const step = treeStep(rows, current, event.key);
    if (!step) return;
    event.preventDefault();
    const target = rows.find(({ key }) => key === step.key);
    if (step.type === 'go') {
      setAt(step.key);
      wanted.current = true;
    } else if (target) setOpen(target, step.type === 'open');
  };

  return (
    <div
      ref={tree}
      className="shared-tree"
      role="tree"
      aria-label="Shared files"
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      {rows.map((row, index) =>
        row.type === 'note' ? (
          <p key={row.key} className="shared-note" data-level={Math.min(row.level, MAX_INDENT)} role="none">
            {row.text}
          </p>
        ) : (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the tree hears the keys of all its rows
          <div
            key={row.key}
            role="treeitem"
            aria-level={row.level}
            aria-selected={false}
            {...(row.type === 'owner' || row.entry.folder ? { 'aria-expanded': row.open } : {})}
            aria-labelledby={`${id}-${index}`}
            data-level={Math.min(row.level, MAX_INDENT)}
            className={row.type === 'owner' ? 'shared-row owner' : 'shared-row'}
            tabIndex={row.key === current ? 0 : -1}
            onClick={() => act(row)}
            onFocus={() => setAt(row.key)}
          >
            <RowParts
              row={row}
              id={`${id}-${index}`}
              self={self}
              focusable={row.key === current}
              onGet={onGet}
            />
          </div>
        ),
      )}
    </div>
  );
}

interface RowPartsProps {
  row: Exclude<Row, { type: 'note' }>;
  /** Of the words that name the row. */
  id: string;
  self: string;
  focusable: boolean;
  onGet: (entry: SharedInfo) => void;
}

function RowParts({ row, id, self, focusable, onGet }: RowPartsProps) {
  const Chevron = row.open ? ChevronDown : ChevronRight;
  if (row.type === 'owner') {
    return (
      <>
        <Chevron aria-hidden="true" />
        <Face id={row.owner.id} size={20} />
        <span id={id} className="shared-words">
          <b className="cut">{row.owner.id === self ? `${row.owner.name} (you)` : row.owner.name}</b>{' '}
          <span className="shared-size">{size(row.size)}</span>
        </span>
      </>
    );
  }
  const { entry, open } = row;
  const Icon = entry.folder ? (open ? FolderOpen : Folder) : isPictureName(entry.name) ? Image : File;
  return (
    <>
      {entry.folder ? <Chevron aria-hidden="true" /> : <i className="shared-gap" />}
      {entry.risky ? (
        <TriangleAlert className="risky" aria-hidden="true" />
      ) : (
        <Icon className="shared-icon" aria-hidden="true" />
      )}
      <span id={id} className="shared-words" title={entry.name}>
        <span className="cut">
          <bdi>{entry.name}</bdi>
        </span>{' '}
        <span className="shared-size">{size(entry.size)}</span>
        {entry.risky && <span className="hidden-text"> program or script</span>}
      </span>
      {entry.owner.id !== self && (
        <button
          type="button"
          className="icon-button"
          title={`Get ${entry.name}`}
          aria-label={`Get ${entry.name}`}
          tabIndex={focusable ? 0 : -1}
          onClick={(event) => {
            event.stopPropagation(); // the row is not meant
            onGet(entry);
          }}
        >
          <Download aria-hidden="true" />
        </button>
      )}
    </>
  );
}

/** Deeper ones are not moved further to the right: there is no place left. */
const MAX_INDENT = 8;
