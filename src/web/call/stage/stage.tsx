import {
  Gauge,
  LayoutGrid,
  Maximize,
  MessageSquare,
  PictureInPicture2,
  RectangleHorizontal,
  VolumeX,
} from 'lucide-react';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import type { CallInfo } from '../../../daemon/call-api.js';
import { Composer } from '../../chat/composer/composer.js';
import { Timeline } from '../../chat/timeline.js';
import type { RoomState } from '../../state/model.js';
import { useCall, useCallStore } from '../use-call.js';
import { CallSettingsDialog } from './call-settings-dialog.js';
import { Controls } from './controls.js';
import { Duration } from './duration.js';
import { zoomed } from './screen-scale.js';
import { ScreenView } from './screen-view.js';
import { ScreenZoom } from './screen-zoom.js';
import { spotlitTile, stageTiles, type TileSpec } from './stage-tiles.js';
import { Statistics } from './statistics.js';
import { Tile } from './tile.js';
import { gridShape, isSmallEnough } from './tile-grid.js';
import { useSize } from './use-size.js';

/** A tile of the strip beside what is large, in CSS pixels. */
const STRIP_TILE_PX = 184;

/** The call that this tab is in: pictures, controls, and the talk beside them. */
export function Stage({ room, info }: { room: RoomState; info: CallInfo }) {
  const store = useCallStore();
  const { layout, pinned, speaking, side, settings, soundBlocked, failure } = useCall();
  const [scale, setScale] = useState<number | null>(null);
  const [fitted, setFitted] = useState(1);
  const zoom = { scale, fitted };
  const [isChoosing, setChoosing] = useState(false);
  const main = useRef<HTMLElement>(null);
  const [body, size] = useSize<HTMLDivElement>();
  const tiles = useMemo(() => stageTiles(info), [info]);
  const isSpotlit = layout === 'spotlight' || tiles.some(({ isScreen, member }) => isScreen && !member.self);
  const large = isSpotlit ? spotlitTile(tiles, pinned, speaking) : null;
  const rest = tiles.filter((tile) => tile !== large);
  const shape = gridShape(tiles.length, size.width, size.height);
  useSight(tiles, large, shape.tileWidth);
  useEffect(() => main.current?.focus(), []);
  useEffect(() => {
    const grid = body.current?.querySelector<HTMLElement>('.grid');
    grid?.style.setProperty('--columns', String(shape.columns));
    grid?.style.setProperty('--rows', String(shape.rows));
    grid?.style.setProperty('--tile-width', `${Math.floor(shape.tileWidth)}px`);
  });

  const fullScreen = () =>
    void (document.fullscreenElement ? document.exitFullscreen() : main.current?.requestFullscreen())?.catch(
      () => {},
    );
  const pictureInPicture = () => {
    const video = body.current?.querySelector('video');
    if (video && document.pictureInPictureEnabled) void video.requestPictureInPicture().catch(() => {});
  };
  const onKey = (event: KeyboardEvent, isDown: boolean) => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || target.matches('input, textarea, select')) return;
    if (event.key === ' ' && settings.pushToTalk && !target.matches('button')) {
      event.preventDefault();
      return store.setTalking(isDown);
    }
    if (!isDown || event.repeat || !settings.keys) return;
    const acts: Record<string, () => void> = {
      m: () => store.toggle('microphone'),
      v: () => store.toggle('camera'),
      s: () => store.show(),
      r: () => store.raiseHand(!info.members.some(({ self, hand }) => self && hand)),
      f: fullScreen,
      p: () =>
        store.set({ pinned: pinned ? null : (large?.key ?? tiles[0]?.key ?? null), layout: 'spotlight' }),
      '+': () => setScale(zoomed(zoom, 'in')),
      '-': () => setScale(zoomed(zoom, 'out')),
      '0': () => setScale(null),
    };
    acts[event.key.toLowerCase()]?.();
  };

  const about = large?.isScreen
    ? `${large.member.self ? 'You show' : `${large.member.peer.name} shows`} a screen`
    : null;
  return (
    <>
      <main
        ref={main}
        className="stage"
        tabIndex={-1}
        aria-label={`Call in ${room.room}`}
        onKeyDown={(event) => onKey(event, true)}
        onKeyUp={(event) => onKey(event, false)}
      >
        <header className="stage-head">
          <h1 className="cut">{info.direct ? `Call with ${info.direct.name}` : `Call in ${room.room}`}</h1>
          <span className="stage-about cut">
            {about ?? (
              <>
                {info.members.length === 1 ? 'only you' : `${info.members.length} people`} ·{' '}
                <Duration since={info.started} />
              </>
            )}
          </span>
          <span className="grow" />
          {large?.isScreen && !large.member.self ? (
            <ScreenZoom zoom={zoom} onScale={setScale} />
          ) : (
            <fieldset className="segments wide-only" aria-label="Layout">
              <button
                type="button"
                aria-pressed={!isSpotlit}
                onClick={() => store.set({ layout: 'grid', pinned: null })}
              >
                <LayoutGrid aria-hidden="true" /> Grid
              </button>
              <button
                type="button"
                aria-pressed={isSpotlit}
                onClick={() => store.set({ layout: 'spotlight' })}
              >
                <RectangleHorizontal aria-hidden="true" /> Spotlight
              </button>
            </fieldset>
          )}
          <HeadButton
            label="Picture in picture"
            wideOnly
            onClick={pictureInPicture}
            icon={PictureInPicture2}
          />
          <HeadButton label="Full screen (F)" wideOnly onClick={fullScreen} icon={Maximize} />
          <HeadButton
            label="Statistics"
            wideOnly
            pressed={side === 'statistics'}
            onClick={() => store.set({ side: side === 'statistics' ? null : 'statistics' })}
            icon={Gauge}
          />
          <HeadButton
            label="Chat"
            pressed={side === 'chat'}
            onClick={() => store.set({ side: side === 'chat' ? null : 'chat' })}
            icon={MessageSquare}
          />
        </header>
        {soundBlocked && (
          <button type="button" className="hear" onClick={() => void store.hear()}>
            <VolumeX aria-hidden="true" /> The browser holds the sound back. Click to hear.
          </button>
        )}
        {failure && (
          <p className="stage-failure" role="alert">
            {failure}{' '}
            <button type="button" className="link" onClick={() => store.set({ failure: null })}>
              Close
            </button>
          </p>
        )}
        <div ref={body} className="stage-body">
          {large ? (
            <div className="spotlight">
              {large.isScreen && !large.member.self ? (
                <ScreenView tile={large} scale={scale} onFitted={setFitted} />
              ) : (
                <Tile tile={large} large />
              )}
              {rest.length > 0 && (
                <div className="strip-tiles">
                  {rest.map((tile) => (
                    <Tile key={tile.key} tile={tile} />
                  ))}
                </div>
              )}
            </div>
          ) : (
            <div className="grid">
              {tiles.map((tile) => (
                <Tile key={tile.key} tile={tile} large={tiles.length < 3} />
              ))}
            </div>
          )}
        </div>
        <Controls onMore={() => setChoosing(true)} />
      </main>
      {side && (
        <aside className="panel call-side" aria-label={side === 'statistics' ? 'Statistics' : 'Chat'}>
          <div className="side-tabs" role="tablist" aria-label="Beside the call">
            {(['chat', 'statistics'] as const).map((tab) => (
              <button
                key={tab}
                type="button"
                role="tab"
                aria-selected={side === tab}
                onClick={() => store.set({ side: tab })}
              >
                {tab === 'chat' ? 'Chat' : 'Statistics'}
              </button>
            ))}
          </div>
          {side === 'statistics' ? (
            <Statistics info={info} />
          ) : (
            <div className="call-chat">
              <Timeline room={room} />
              <Composer room={room} />
            </div>
          )}
        </aside>
      )}
      {isChoosing && <CallSettingsDialog onClose={() => setChoosing(false)} />}
    </>
  );
}

interface HeadButtonProps {
  label: string;
  icon: typeof Gauge;
  pressed?: boolean;
  wideOnly?: boolean;
  onClick: () => void;
}

function HeadButton({ label, icon: Icon, pressed, wideOnly = false, onClick }: HeadButtonProps) {
  return (
    <button
      type="button"
      className={wideOnly ? 'icon-button wide-only' : 'icon-button'}
      title={label}
      aria-label={label}
      aria-pressed={pressed}
      onClick={onClick}
    >
      <Icon aria-hidden="true" />
    </button>
  );
}

/** Tells the store which pictures are in sight and how large, so that nothing else is sent here. */
function useSight(tiles: readonly TileSpec[], large: TileSpec | null, tileWidth: number): void {
  const store = useCallStore();
  const key = tiles
    .filter(({ picture, member }) => picture && !member.self)
    .map(({ picture, key: name }) => {
      const width = large ? (large.key === name ? Number.POSITIVE_INFINITY : STRIP_TILE_PX) : tileWidth;
      return `${picture?.track} ${isSmallEnough(width, window.devicePixelRatio)}`;
    })
    .join('\n');
  useEffect(() => {
    const lines = key === '' ? [] : key.split('\n');
    store.setSight(
      new Map(
        lines.map((line) => {
          const [track = '', small] = line.split(' ');
          return [track, small === 'true'];
        }),
      ),
    );
  }, [store, key]);
}
