import { Check, CircleHelp, Eye, Monitor } from 'lucide-react';
import type { Message } from '../../daemon/chat-api.js';

interface DeliveryProps {
  message: Message;
  /** A link broke before somebody confirmed it: they may have it or not. */
  doubtful: boolean;
  /** In words, not by its mark alone. */
  inWords: boolean;
}

/** How far an own message has come, and no further than is known. */
export function Delivery({ message, doubtful, inWords }: DeliveryProps) {
  const words = deliveryWords(message, doubtful);
  return (
    <div className={inWords ? 'delivery' : 'delivery mark'} title={inWords ? undefined : words}>
      <DeliveryMark message={message} doubtful={doubtful} />
      {inWords ? words : <span className="hidden-text">{words}</span>}
    </div>
  );
}

export function deliveryWords({ deliveredTo, readBy, of, to }: Message, doubtful: boolean): string {
  const all = Math.max(of, deliveredTo.length);
  if (to) {
    if (readBy.length > 0) return `Read by ${to.name}`;
    return deliveredTo.length > 0 ? `With ${to.name}` : `On this device, until ${to.name} is reached`;
  }
  if (readBy.length > 0) return `Read by ${readBy.length === all ? all : `${readBy.length} of ${all}`}`;
  if (doubtful) return 'A link broke before somebody confirmed this: they may have it or not';
  if (deliveredTo.length > 0) return `With ${deliveredTo.length} of ${all}`;
  return all > 0 ? 'On this device, on its way' : 'On this device';
}

function DeliveryMark({ message: { deliveredTo, readBy, of }, doubtful }: Omit<DeliveryProps, 'inWords'>) {
  if (readBy.length > 0) return <Eye aria-hidden="true" />;
  if (doubtful) return <CircleHelp aria-hidden="true" />;
  if (deliveredTo.length === 0) return <Monitor aria-hidden="true" />;
  if (deliveredTo.length >= of) return <Check aria-hidden="true" />;
  const part = deliveredTo.length / of;
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true" className="delivery-ring">
      <circle cx="8" cy="8" r="6" pathLength="1" />
      <circle cx="8" cy="8" r="6" pathLength="1" strokeDasharray={`${part} 1`} transform="rotate(-90 8 8)" />
    </svg>
  );
}
