// The tile on the home grid: says what the till can do now, and opens the modal.

import {render} from 'preact';
import {useEffect, useState} from 'preact/hooks';
import {type Home, useIsOnline, useSignal} from './host';
import {findPending} from './pending';
import {scansToday} from './scans';
import {wordsOf} from './words';

export default async (): Promise<void> => {
  render(<Tile home={shopify} />, document.body);
};

type Access = 'unknown' | 'granted' | 'refused' | 'unavailable';

function Tile({home}: {home: Home}) {
  const t = wordsOf(home);
  const isOnline = useIsOnline(home);
  const access = useAccess(home, isOnline);
  const {scans, isPending} = useMemory(home);
  const line = () => {
    if (access === 'refused') return t('tile.no_access');
    if (!isOnline) return t('tile.offline');
    if (access === 'unavailable') return t('tile.unavailable');
    return t(isPending ? 'tile.pending' : 'tile.ready');
  };
  return (
    <s-tile
      heading={t('app.name')}
      subheading={line()}
      itemCount={scans}
      tone={isPending ? 'accent' : 'auto'}
      disabled={access === 'refused'}
      onClick={() => home.action.presentModal()}
    />
  );
}

/** Without a session token the logged-in person may not use this app. */
function useAccess(home: Home, isOnline: boolean): Access {
  const [access, setAccess] = useState<Access>('unknown');
  useEffect(() => {
    // The rest of POS must live on when the platform fails us.
    home.session.getSessionToken().then(
      (token) => setAccess(token ? 'granted' : 'refused'),
      () => setAccess('unavailable'),
    );
  }, [isOnline]);
  return access;
}

/** What the modal left in the till's storage; read again whenever the cart changes. */
function useMemory(home: Home): {scans: number; isPending: boolean} {
  const cart = useSignal(home.cart.current);
  const [memory, setMemory] = useState({scans: 0, isPending: false});
  useEffect(() => {
    void Promise.all([scansToday(home.storage), findPending(home.storage)]).then(
      ([scans, pending]) => setMemory({scans, isPending: pending !== null}),
    );
  }, [cart]);
  return memory;
}
