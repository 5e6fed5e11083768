// A write without an answer: it can be sent again, the very same, and nothing else is safe.

import type {DoubtScreen} from '../machine';
import type {Props} from '../Modal';
import type {Words} from '../words';
import type {Write} from '../writes';

export function Doubt({t, actions, screen, isOnline}: Props & {screen: DoubtScreen}) {
  const {write, back} = screen;
  return (
    <s-stack direction="block" gap="base">
      <s-banner tone="warning" heading={t('doubt.title')}>
        <s-text>{whatIsUnknown(write, t)}</s-text>
      </s-banner>
      <s-button variant="primary" disabled={!isOnline} onClick={() => actions.again(write)}>
        {t('common.retry')}
      </s-button>
      <s-button onClick={() => actions.leave(write, back)}>{t('doubt.leave')}</s-button>
    </s-stack>
  );
}

function whatIsUnknown(write: Write, t: Words): string {
  if (write.kind === 'redeem') {
    return t('doubt.redeem', {name: write.member.name, reward: write.reward});
  }
  if (write.kind !== 'grant') return t(`doubt.${write.kind}`);
  return t('doubt.grant', {name: write.member.name, count: write.points});
}
