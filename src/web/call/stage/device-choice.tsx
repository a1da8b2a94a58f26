import type { LucideIcon } from 'lucide-react';
import { useCall, useCallStore } from '../use-call.js';
import { useDevices } from './use-devices.js';

interface DeviceChoiceProps {
  kind: MediaDeviceKind;
  setting: 'cameraId' | 'microphoneId' | 'speakerId';
  label: string;
  icon: LucideIcon;
  /** Beside the label, such as the size of the picture. */
  note?: string;
}

/** Chooses the camera, microphone or loudspeaker; choosing turns nothing on. */
export function DeviceChoice({ kind, setting, label, icon: Icon, note }: DeviceChoiceProps) {
  const store = useCallStore();
  const { settings, tracksVersion } = useCall();
  const devices = useDevices(kind, tracksVersion);
  return (
    <label className="device">
      <span className="device-label">
        <Icon aria-hidden="true" /> <b>{label}</b> <span className="device-note">{note}</span>
      </span>
      <select
        value={settings[setting]}
        aria-label={label}
        onChange={(event) => store.setSettings({ [setting]: event.target.value })}
      >
        <option value="">The computer's choice</option>
        {devices
          .filter(({ deviceId }) => deviceId !== 'default')
          .map(({ deviceId, label: name }, i) => (
            <option key={deviceId} value={deviceId}>
              {name || `${label} ${i + 1}`}
            </option>
          ))}
      </select>
    </label>
  );
}
