import { useEffect, useRef } from 'react';

interface PictureProps {
  track: MediaStreamTrack | null;
  /** Names it for people who do not see it. */
  label: string;
  /** One's own camera, as in a mirror. */
  mirrored?: boolean;
  /** The whole picture, with bars; otherwise it fills the tile. */
  whole?: boolean;
}

/** A moving picture without sound; sound has its own way. */
export function Picture({ track, label, mirrored = false, whole = false }: PictureProps) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = video.current;
    if (!element) return undefined;
    element.srcObject = track ? new MediaStream([track]) : null;
    if (track) void element.play().catch(() => {}); // replaced before it began
    return () => {
      element.srcObject = null;
    };
  }, [track]);
  const classes = ['live-picture', mirrored ? 'mirrored' : '', whole ? 'whole' : '']
    .filter(Boolean)
    .join(' ');
  return <video ref={video} className={classes} aria-label={label} muted autoPlay playsInline />;
}
