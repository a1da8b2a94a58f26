import { InvalidArgumentError } from 'commander';

/** For options that may be given several times. */
export const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

/** For a number from `least` to `most`; `also` is said to whoever wanted another one. */
export const wholeNumber =
  (least: number, most: number, also = '') =>
  (value: string): number => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < least || number > most)
      throw new InvalidArgumentError(`It is a number from ${least} to ${most}${also}.`);
    return number;
  };

export function seconds(value: string): number {
  const number = Number(value);
  if (value.trim() === '' || !Number.isFinite(number) || number < 0)
    throw new InvalidArgumentError('Seconds are a number from 0 on.');
  return number;
}

export function port(value: string): number {
  const number = Number(value);
  if (!/^\d{1,5}$/.test(value) || number > 65_535) throw new InvalidArgumentError('A port is 0 to 65535.');
  return number;
}

/** For what only the node could refuse, when it is too late to say so well. */
export function address(value: string, before: string[] | undefined): string[] {
  if (!/^[^\s]+:\d{1,5}$/.test(value)) throw new InvalidArgumentError('An address is written host:port.');
  return collect(value, before);
}

export function hookEvent(value: string, before: string[] | undefined): string[] {
  if (!['message', 'join', 'leave'].includes(value))
    throw new InvalidArgumentError('It is message, join or leave.');
  return collect(value, before);
}

export function onOrOff(value: string): boolean {
  if (value !== 'on' && value !== 'off') throw new InvalidArgumentError('It is on or off.');
  return value === 'on';
}
