import { Face } from '../../parts/face.js';
import type { Completion } from './complete.js';

interface CompletionListProps {
  id: string;
  completions: readonly Completion[];
  chosen: number;
  onChoose: (completion: Completion) => void;
}

/** Above the field: what could be meant. The field keeps the focus and has the keys. */
export function CompletionList({ id, completions, chosen, onChoose }: CompletionListProps) {
  return (
    <div className="completions" id={id} role="listbox" aria-label="Completions">
      {completions.map((completion, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys
        <div
          key={completion.text}
          id={`${id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === chosen}
          className={index === chosen ? 'menu-item chosen' : 'menu-item'}
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => onChoose(completion)}
        >
          {completion.person && <Face id={completion.person.id} size={20} />}
          <span className="cut">{completion.shown}</span>
          <span className="completion-about cut">{completion.about}</span>
        </div>
      ))}
    </div>
  );
}
