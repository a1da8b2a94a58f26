import { Mic, Video, Volume2 } from 'lucide-react';
import { Dialog } from '../../parts/dialog.js';
import type { CallSettings } from '../call-settings.js';
import { useCall, useCallStore } from '../use-call.js';
import { DeviceChoice } from './device-choice.js';

/** Devices, picture and keys, during a call. */
export function CallSettingsDialog({ onClose }: { onClose: () => void }) {
  const store = useCallStore();
  const { settings } = useCall();
  const set = (change: Partial<CallSettings>) => store.setSettings(change);
  return (
    <Dialog title="Call settings" onClose={onClose}>
      <div className="call-settings">
        <DeviceChoice kind="videoinput" setting="cameraId" label="Camera" icon={Video} />
        <DeviceChoice kind="audioinput" setting="microphoneId" label="Microphone" icon={Mic} />
        <DeviceChoice kind="audiooutput" setting="speakerId" label="Sound" icon={Volume2} />
        <Choice
          label="Picture"
          value={String(settings.lines)}
          options={{ 360: '640 × 360', 480: '854 × 480', 720: '1280 × 720', 1080: '1920 × 1080' }}
          onChange={(value) => set({ lines: Number(value) as CallSettings['lines'] })}
        />
        <Choice
          label="Pictures a second"
          value={String(settings.framerate)}
          options={{ 15: '15', 24: '24', 30: '30', 60: '60' }}
          onChange={(value) => set({ framerate: Number(value) as CallSettings['framerate'] })}
        />
        <Choice
          label="Codec"
          value={settings.codec ?? ''}
          options={{ '': 'The best that all can read', h264: 'H.264', vp9: 'VP9', av1: 'AV1', vp8: 'VP8' }}
          onChange={(value) => set({ codec: (value || null) as CallSettings['codec'] })}
        />
        <Choice
          label="At most"
          value={String(settings.maxMegabits ?? '')}
          options={{ '': 'What the picture needs', 0.5: '0.5 Mb/s', 1: '1 Mb/s', 2: '2 Mb/s', 4: '4 Mb/s' }}
          onChange={(value) => set({ maxMegabits: value ? Number(value) : null })}
        />
        <Choice
          label="Screens are shown for"
          value={settings.screenFor}
          options={{ text: 'Sharp text', motion: 'Smooth motion' }}
          onChange={(value) => set({ screenFor: value as CallSettings['screenFor'] })}
        />
        {(
          [
            ['noiseSuppression', 'Take noise out of my voice'],
            ['pushToTalk', 'Push to talk: hold Space'],
            ['keys', 'Single keys work on the stage: M, V, S, R, F, P'],
          ] as const
        ).map(([key, words]) => (
          <label className="check" key={key}>
            <input
              type="checkbox"
              checked={settings[key]}
              onChange={(event) => set({ [key]: event.target.checked })}
            />
            <span>{words}</span>
          </label>
        ))}
      </div>
      <div className="dialog-buttons">
        <button type="button" className="button primary" onClick={onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: Record<string, string>;
  onChange: (value: string) => void;
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <label className="device">
      <span className="device-label">
        <b>{label}</b>
      </span>
      <select value={value} aria-label={label} onChange={(event) => onChange(event.target.value)}>
        {Object.entries(options).map(([key, words]) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
