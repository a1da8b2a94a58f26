import { useEffect, useState } from 'react';

/** The devices of one kind that the browser tells, kept up to date. Names are empty until it may be used. */
export function useDevices(kind: MediaDeviceKind, version: unknown): MediaDeviceInfo[] {
  const [devices, setDevices] = useState<MediaDeviceInfo[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: names are told once a device was allowed
  useEffect(() => {
    let gone = false;
    const read = () => {
      void navigator.mediaDevices?.enumerateDevices().then(
        (all) => gone || setDevices(all.filter((device) => device.kind === kind && device.deviceId !== '')),
        () => {}, // the browser tells of none
      );
    };
    read();
    navigator.mediaDevices?.addEventListener('devicechange', read);
    return () => {
      gone = true;
      navigator.mediaDevices?.removeEventListener('devicechange', read);
    };
  }, [kind, version]);
  return devices;
}
