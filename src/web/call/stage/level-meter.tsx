import { useEffect, useRef, useState } from 'react';

const BARS = 14;
const EVERY_MS = 60;

/** How loud a microphone is, before anybody else hears it. */
export function LevelMeter({ stream }: { stream: MediaStream | null }) {
  const [lit, setLit] = useState(0);
  const levels = useRef(new Float32Array(512));
  useEffect(() => {
    if (!stream) {
      setLit(0);
      return undefined;
    }
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 512 });
    context.createMediaStreamSource(stream).connect(analyser);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(levels.current);
      const peak = levels.current.reduce((loudest, sample) => Math.max(loudest, Math.abs(sample)), 0);
      // Each bar is 4 dB; the last one is full scale.
      const decibels = peak > 0 ? 20 * Math.log10(peak) : Number.NEGATIVE_INFINITY;
      setLit(Math.max(0, Math.min(BARS, Math.round(BARS + decibels / 4))));
    }, EVERY_MS);
    return () => {
      clearInterval(timer);
      void context.close();
    };
  }, [stream]);
  return (
    <div className="level">
      {/* biome-ignore lint/a11y/useSemanticElements: a meter element cannot be drawn as bars */}
      <span
        className="level-bars"
        role="meter"
        aria-label="Microphone level"
        aria-valuemin={0}
        aria-valuemax={BARS}
        aria-valuenow={lit}
      >
        {Array.from({ length: BARS }, (_, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: bars have no other name
          <i key={i} className={i < lit ? 'lit' : ''} />
        ))}
      </span>
      <span>{stream ? (lit > 2 ? 'You can be heard' : 'Say something') : 'Turn it on to see the level'}</span>
    </div>
  );
}
