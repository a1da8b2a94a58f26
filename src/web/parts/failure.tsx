import { TriangleAlert } from 'lucide-react';

/** What went wrong, beside the thing that it is about. */
export function Failure({ text }: { text: string | null }) {
  return (
    <div role="alert">
      {text && (
        <p className="note danger">
          <TriangleAlert aria-hidden="true" />
          <span>{text}</span>
        </p>
      )}
    </div>
  );
}
