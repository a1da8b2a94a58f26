/** Three soft notes on the chosen loudspeaker: C, E, G. */
const NOTES_HZ = [523.25, 659.25, 783.99];
const NOTE_S = 0.22;

/** Plays a test sound; from a click. */
export async function playTest(speakerId: string): Promise<void> {
  const context = new AudioContext() as AudioContext & { setSinkId?(id: string): Promise<void> };
  if (speakerId) await context.setSinkId?.(speakerId).catch(() => {}); // unplugged: the computer's choice
  const gain = new GainNode(context, { gain: 0 });
  gain.connect(context.destination);
  for (const [i, frequency] of NOTES_HZ.entries()) {
    const from = context.currentTime + 0.05 + i * NOTE_S;
    const note = new OscillatorNode(context, { frequency });
    note.connect(gain);
    note.start(from);
    note.stop(from + NOTE_S);
    gain.gain.setValueAtTime(0, from);
    gain.gain.linearRampToValueAtTime(0.2, from + 0.02);
    gain.gain.linearRampToValueAtTime(0, from + NOTE_S);
  }
  setTimeout(() => void context.close(), (NOTES_HZ.length * NOTE_S + 0.3) * 1000);
}
