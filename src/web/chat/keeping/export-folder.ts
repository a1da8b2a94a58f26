/** A folder that an export could go to, below another one; empty where that is not known yet. */
export function exportFolder(below: string, room: string, now: Date): string {
  if (below === '') return '';
  const separator = below.includes('\\') ? '\\' : '/';
  const name = room.replace(/[^\p{L}\p{N} -]+/gu, '_').slice(0, 60);
  const digits = (value: number) => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}-${digits(now.getMonth() + 1)}-${digits(now.getDate())}`;
  return `${below}${separator}${name} ${day} ${digits(now.getHours())}${digits(now.getMinutes())}`;
}
