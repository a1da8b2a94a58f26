/** Options that several commands take say the same everywhere; what differs follows them. */
export const YES = 'answer yes to what would be asked';
export const ONLY_FROM = 'only from this one';
export const OUT = 'where to put it';
export const EXCLUDE = 'leave out names like this: * and ? (repeatable)';
export const DETACH = 'return at once; the node stays';
export const NO_WAIT = 'do not wait until somebody has it';
