import { useSyncExternalStore } from 'react';
import { currentLook, type Look, onLook } from './look.js';

export const useLook = (): Look => useSyncExternalStore(onLook, currentLook);
