/** What was stored as JSON, or `otherwise` where the disk has made something of it that is none. */
export function storedJson<T>(json: unknown, otherwise: T): T {
  try {
    return JSON.parse(String(json)) as T;
  } catch {
    return otherwise;
  }
}
