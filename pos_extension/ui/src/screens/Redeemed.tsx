// A redemption: its code goes into the cart by itself, and can be taken back until it is used.

import {useEffect} from 'preact/hooks';
import {useCode, useLeftover} from '../cart';
import type {RedeemedScreen} from '../machine';
import type {Props} from '../Modal';
import type {Redemption} from '../wire';
import type {Words} from '../words';
import {NoticeBanner} from './NoticeBanner';
import {validity} from './Rewards';

/** How often we ask for a code that Shopify is still making. */
export const PACE = {lookMs: 2000};

type Own = Props & {screen: RedeemedScreen};

export function Redeemed(props: Own) {
  const {t, actions, screen, isOnline} = props;
  const {member, redemption} = screen;
  const leftover = useLeftover(props.till, redemption, screen.lastCode);
  useProgress(props);
  const back = () =>
    actions.go({at: 'member', member, isNewestCode: false, scanned: null});
  return (
    <s-stack direction="block" gap="base">
      <NoticeBanner notice={screen.notice} t={t} />
      <s-section heading={redemption.name}>
        <s-stack direction="block" gap="small">
          <s-text>{t('redeemed.points', {count: redemption.points})}</s-text>
          <Standing {...props} />
          {leftover && <s-text tone="caution">{t('redeemed.leftover', {code: leftover})}</s-text>}
          {redemption.warnings.map((flag) => (
            <s-text key={flag} tone="warning">{warning(flag, t)}</s-text>
          ))}
        </s-stack>
      </s-section>
      {redemption.state === 'issued' && (
        <s-button disabled={!isOnline} onClick={() => actions.takeBack(redemption)}>
          {t('redeemed.take_back')}
        </s-button>
      )}
      <s-button onClick={back}>{t('pass.done')}</s-button>
      <s-button onClick={() => actions.go({at: 'scan'})}>{t('member.next')}</s-button>
    </s-stack>
  );
}

function Standing(props: Own) {
  const {t, screen} = props;
  const {redemption} = screen;
  switch (redemption.state) {
    case 'reserved':
      if (redemption.is_in_doubt) return <s-banner tone="warning" heading={t('redeemed.in_doubt')} />;
      return <Waiting label={t('redeemed.making')} />;
    case 'returning':
      return <Waiting label={t('redeemed.returning')} />;
    case 'returned':
      return <s-banner tone="info" heading={t('redeemed.returned')} />;
    case 'used':
      return <s-banner tone="success" heading={usedWords(redemption, t)} />;
    case 'issued':
      return <Code {...props} />;
  }
}

function Waiting({label}: {label: string}) {
  return (
    <s-stack direction="inline" gap="small">
      <s-spinner accessibilityLabel={label} />
      <s-text>{label}</s-text>
    </s-stack>
  );
}

function Code({till, t, screen, isOnline}: Own) {
  const {member, redemption} = screen;
  const {state, again} = useCode(till, member, redemption);
  return (
    <s-stack direction="block" gap="small">
      {state === 'done' && <s-banner tone="success" heading={t('redeemed.in_cart')} />}
      {state === 'busy' && <Waiting label={t('redeemed.adding')} />}
      {state === 'not_editable' && <s-text tone="warning">{t('member.not_editable')}</s-text>}
      {state === 'failed' && <s-banner tone="critical" heading={t('redeemed.not_in_cart')} />}
      {state === 'occupied' && <s-text tone="caution">{t('member.replace')}</s-text>}
      {redemption.kind === 'free_product' && <s-text>{t('redeemed.add_product')}</s-text>}
      <s-text color="subdued">{validity(redemption, t)}</s-text>
      {(state === 'failed' || state === 'not_editable' || state === 'occupied') && (
        <s-button variant="primary" disabled={!isOnline} onClick={again}>
          {t(state === 'occupied' ? 'redeemed.replace' : 'common.retry')}
        </s-button>
      )}
    </s-stack>
  );
}

/** While Shopify is at work we ask how far it is. */
function useProgress({actions, screen, isOnline}: Own): void {
  const {redemption} = screen;
  const isMade = redemption.state === 'reserved' && !redemption.is_in_doubt;
  const isMoving = isMade || redemption.state === 'returning';
  useEffect(() => {
    if (!isMoving || !isOnline) return undefined;
    let timer: ReturnType<typeof setTimeout>;
    let isOver = false;
    // One look at a time, however slow the network is.
    const look = async () => {
      await actions.look(redemption);
      if (!isOver) wait();
    };
    const wait = () => (timer = setTimeout(() => void look(), PACE.lookMs));
    wait();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [isMoving, isOnline]);
}

function usedWords(redemption: Redemption, t: Words): string {
  return t(redemption.kind === 'store_credit' ? 'redeemed.credited' : 'redeemed.used');
}

function warning(flag: string, t: Words): string {
  return t(flag === 'velocity_user' ? 'redeemed.often_here' : 'redeemed.often');
}
