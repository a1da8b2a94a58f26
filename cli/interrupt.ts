const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Has the last word said before a signal ends this command, which it then does as ever: whoever called it, a shell in a
 * loop too, sees that it was interrupted. Returns what takes this back.
 */
export function beforeInterrupt(lastWord: () => void): () => void {
  const taken = SIGNALS.map((signal) => {
    const end = () => {
      takeBack();
      lastWord();
      process.kill(process.pid, signal);
    };
    process.on(signal, end);
    return () => process.off(signal, end);
  });
  const takeBack = () => {
    for (const off of taken) off();
  };
  return takeBack;
}
