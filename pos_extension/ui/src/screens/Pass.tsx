// The QR code that the customer's phone scans to get the card.

import {useMemo} from 'preact/hooks';
import type {PassScreen} from '../machine';
import type {Props} from '../Modal';
import {qrImage} from '../png';
import {NoticeBanner} from './NoticeBanner';

export function Pass({t, actions, screen}: Props & {screen: PassScreen}) {
  const image = useMemo(() => qrImage(screen.card.qr_modules), [screen.card]);
  const done = () => actions.go({at: 'member', member: screen.member, isNewestCode: true, scanned: null});
  return (
    <s-stack direction="block" gap="base" alignItems="center">
      <NoticeBanner notice={screen.notice} t={t} />
      <s-heading>{screen.member.name}</s-heading>
      <s-box inlineSize="280px">
        <s-image src={image} inlineSize="fill" objectFit="contain" />
      </s-box>
      <s-text>{t(screen.card.needs_email ? 'pass.scan_known' : 'pass.scan')}</s-text>
      <s-button variant="primary" onClick={done}>
        {t('pass.done')}
      </s-button>
      <s-button onClick={() => actions.go({at: 'scan'})}>{t('member.next')}</s-button>
    </s-stack>
  );
}
