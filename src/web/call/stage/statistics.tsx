import { useEffect, useState } from 'react';
import type { CallInfo } from '../../../daemon/call-api.js';
import { Face } from '../../parts/face.js';
import type { AudioReceiverStats } from '../playback/audio-receiver.js';
import type { VideoReceiverStats } from '../playback/video-receiver.js';
import { useCallStore } from '../use-call.js';

const EVERY_MS = 1_000;

interface Peers {
  peers: {
    member: string;
    path: keyof typeof PATH_WORDS | null;
    rttMs: number | null;
    framesDropped: number;
    framesSent: number;
  }[];
}

type Read = NonNullable<Awaited<ReturnType<ReturnType<typeof useCallStore>['statistics']>>>;

/** What flows, a second at a time. */
export function Statistics({ info }: { info: CallInfo }) {
  const store = useCallStore();
  const [[before, now], setReads] = useState<[Read | null, Read | null]>([null, null]);
  useEffect(() => {
    let gone = false;
    const read = async () => {
      const next = await store.statistics().catch(() => null);
      if (!gone && next) setReads(([, last]) => [last, next]);
    };
    void read();
    const timer = setInterval(() => void read(), EVERY_MS);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [store]);
  if (!now || !before) return <p className="side-empty">One moment …</p>;
  const seconds = (now.worker.atMs - before.worker.atMs) / 1000;
  const perSecond = (value: number, was: number | undefined) =>
    seconds > 0 && was !== undefined ? Math.max(0, value - was) / seconds : 0;
  const { peers = [] } = (now.node as Peers | null) ?? {};
  return (
    <div className="statistics">
      {info.members
        .filter(({ self }) => !self)
        .map(({ member, peer, tracks }) => (
          <section key={member}>
            <h3>
              <Face id={peer.id} size={20} /> {peer.name}
            </h3>
            <dl>
              {tracks.map(({ track, kind, codec }) => {
                const id = now.consumers.get(track) ?? -1;
                const stats = now.worker.receivers[id];
                const was = before.worker.receivers[id];
                if (!stats) return null;
                const rate = bits(perSecond(stats.bytesReceived, was?.bytesReceived) * 8);
                if (!('framesDecoded' in stats)) {
                  return <Row key={track} name={KIND_WORDS[kind]} value={soundWords(stats, rate)} />;
                }
                const fps = perSecond(
                  stats.framesDecoded,
                  (was as VideoReceiverStats | undefined)?.framesDecoded,
                );
                return (
                  <Row
                    key={track}
                    name={KIND_WORDS[kind]}
                    value={`${stats.frameWidth} × ${stats.frameHeight}, ${Math.round(fps)} fps, ${CODEC_WORDS[codec]}, ${rate}`}
                  />
                );
              })}
            </dl>
          </section>
        ))}
      <section>
        <h3>Links</h3>
        <dl>
          {peers.map(({ member, path, rttMs, framesDropped, framesSent }) => (
            <Row
              key={member}
              name={info.members.find((each) => each.member === member)?.peer.name ?? 'Somebody'}
              value={linkWords(path, rttMs, framesDropped, framesSent)}
            />
          ))}
        </dl>
      </section>
      <section>
        <h3>You send</h3>
        <dl>
          {Object.entries(now.worker.senders).map(([local, { kind, codec, sound, pictures }]) => {
            const was = before.worker.senders[local];
            if (sound) {
              const rate = bits(perSecond(sound.bytesSent, was?.sound?.bytesSent) * 8);
              return <Row key={local} name={KIND_WORDS[kind]} value={`Opus, ${rate}`} />;
            }
            return pictures.map((picture, encoding) => {
              const last = was?.pictures[encoding];
              const fps = Math.round(perSecond(picture.framesEncoded, last?.framesEncoded));
              const rate = bits(perSecond(picture.bytesSent, last?.bytesSent) * 8);
              return (
                <Row
                  key={`${local} ${picture.frameWidth}`}
                  name={KIND_WORDS[kind]}
                  value={`${picture.frameWidth} × ${picture.frameHeight}, ${fps} fps, ${CODEC_WORDS[codec]}, ${rate}`}
                />
              );
            });
          })}
        </dl>
      </section>
    </div>
  );
}

const KIND_WORDS = {
  camera: 'Camera',
  microphone: 'Microphone',
  screen: 'Screen',
  'screen-sound': 'Sound of the screen',
} as const;

const CODEC_WORDS = { opus: 'Opus', h264: 'H.264', vp9: 'VP9', vp8: 'VP8', av1: 'AV1' } as const;

function Row({ name, value }: { name: string; value: string }) {
  return (
    <div className="stat">
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

const soundWords = ({ depthMs, framesLost }: AudioReceiverStats, rate: string) =>
  `Opus, ${rate}, ${Math.round(depthMs)} ms held${framesLost > 0 ? `, ${framesLost} lost` : ''}`;

const PATH_WORDS = { lan: 'LAN', direct: 'direct', internet: 'Internet', relayed: 'relayed' } as const;

/** How frames go to somebody; who is sent no pictures has none left out. */
function linkWords(
  path: Peers['peers'][0]['path'],
  rttMs: number | null,
  dropped: number,
  sent: number,
): string {
  const leftOut = dropped + sent > 0 ? [`${dropped} of ${sent + dropped} frames left out`] : [];
  const trip = rttMs === null ? [] : [`${rttMs.toFixed(1)} ms`];
  return [path ? PATH_WORDS[path] : 'lost', ...trip, ...leftOut].join(', ');
}

const bits = (perSecond: number) =>
  perSecond >= 1e6 ? `${(perSecond / 1e6).toFixed(1)} Mb/s` : `${Math.round(perSecond / 1e3)} kb/s`;
