import type { Person } from '../../../daemon/api.js';

/** Who is writing. It keeps its place while nobody is, so that nothing moves. */
export function TypingLine({ people }: { people: ReadonlyMap<string, Person> }) {
  const names = [...people.values()].filter(({ muted }) => !muted).map(({ name }) => name);
  return (
    <div className="typing">
      {names.length > 0 && (
        <>
          <span className="typing-dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          <span className="cut">{typingWords(names)}</span>
        </>
      )}
    </div>
  );
}

function typingWords(names: readonly string[]): string {
  if (names.length > 2) return `${names.length} people are typing`;
  return names.length === 2 ? `${names[0]} and ${names[1]} are typing` : `${names[0]} is typing`;
}
