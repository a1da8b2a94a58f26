import { type CaptureFailure, type CaptureState, liveSources, type SourceId } from './capture-state.js';

/** What is captured, in words: "Microphone and camera are on." Null where nothing is. */
export function capturedWords(state: CaptureState): string | null {
  const live = liveSources(state);
  const screens = live.filter((source) => source.startsWith('screen')).length;
  const things = [
    ...(live.includes('microphone') ? ['microphone'] : []),
    ...(live.includes('camera') ? ['camera'] : []),
    ...(screens === 1 ? ['a screen'] : screens > 1 ? [`${screens} screens`] : []),
  ];
  if (things.length === 0) return null;
  const verb = things.length > 1 || screens > 1 ? 'are' : 'is';
  const tail = screens > 0 && screens === live.length ? 'shown' : 'on';
  const text = listed(things);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)} ${verb} ${tail}.`;
}

/** Who gets what is captured, in words: "Green Otter and Amber Fox hear and see you." Nobody: "Only you see and hear it." */
export function receivedWords(state: CaptureState, names: readonly string[], isMany: boolean): string {
  if (names.length === 0) return 'Only you see and hear it.';
  const live = liveSources(state);
  const [hear, see] = isMany ? ['hear', 'see'] : ['hears', 'sees'];
  const [isHeard, isSeen] = [live.includes('microphone'), live.includes('camera')];
  const things = [
    ...(isHeard && isSeen
      ? [`${hear} and ${see} you`]
      : isHeard
        ? [`${hear} you`]
        : isSeen
          ? [`${see} you`]
          : []),
    ...(live.some((source) => source.startsWith('screen')) ? [`${see} what you show`] : []),
  ];
  return `${listed(names)} ${things.join(', ')}.`;
}

/** "Green Otter, Amber Fox and Coral Lynx". */
export function listed(names: readonly string[]): string {
  if (names.length < 2) return names[0] ?? '';
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** Why a source is off, and what to do. */
export function failureWords(source: SourceId, failure: CaptureFailure): string {
  const thing = source.startsWith('screen') ? 'screen' : source;
  switch (failure) {
    case 'refused':
      return thing === 'screen'
        ? 'No screen was chosen.'
        : `The browser may not use the ${thing}. Allow it at the left of the address, then try again.`;
    case 'missing':
      return `No ${thing} was found. Plug one in, or choose another.`;
    case 'busy':
      return `The ${thing} is used by another program. Close that one, then try again.`;
    case 'unplugged':
      return `The ${thing} was unplugged. It is off until you turn it on again.`;
    default:
      return `This browser cannot take the ${thing}.`;
  }
}
