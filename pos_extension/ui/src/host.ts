// What we use of Shopify POS, by the types of its API 2026-07.

import type {Api as ModalApi} from '@shopify/ui-extensions/pos.home.modal.render';
import type {Api as TileApi} from '@shopify/ui-extensions/pos.home.tile.render';
import {useEffect, useState} from 'preact/hooks';
import type {Place} from './writes';

export type Till = Pick<
  ModalApi,
  'scanner' | 'cart' | 'session' | 'toast' | 'connectivity' | 'storage' | 'i18n' | 'pinPad'
>;
export type Home = Pick<TileApi, 'action' | 'session' | 'connectivity' | 'storage' | 'i18n' | 'cart'>;

interface Signal<T> {
  readonly value: T;
  subscribe(listener: (value: T) => void): () => void;
}

/** The value of a signal of POS; draws again when it changes. */
export function useSignal<T>(signal: Signal<T>): T {
  const [value, setValue] = useState(signal.value);
  useEffect(() => {
    setValue(signal.value);
    return signal.subscribe((changed) => setValue(changed));
    // A host may hand out its signals anew at each look: they are the same all the same.
  }, []);
  return value;
}

/** Whether POS believes that it can reach the internet. */
export function useIsOnline(till: Pick<Till, 'connectivity'>): boolean {
  return useSignal(till.connectivity.current).internetConnected === 'Connected';
}

export function placeOf(till: Pick<Till, 'session'>): Place {
  const {session} = till;
  return {locationId: session.currentSession.locationId, staffId: session.staffMember.value?.id};
}
