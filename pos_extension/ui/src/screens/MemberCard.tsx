// The member who stands at the till: points, last order, and what can be done for them.

import type {MemberScreen} from '../machine';
import type {Props} from '../Modal';
import type {Member} from '../wire';
import type {Words} from '../words';
import {Attach} from './Attach';
import {NoticeBanner} from './NoticeBanner';

export function MemberCard(props: Props & {screen: MemberScreen}) {
  const {till, t, actions, screen, isOnline} = props;
  const {member, isNewestCode, scanned} = screen;
  const grant = () =>
    actions.openGrant({at: 'grant', member, isNewestCode, scanned, wish: EMPTY, fields: {}});
  return (
    <s-stack direction="block" gap="base">
      <NoticeBanner notice={screen.notice} t={t} />
      {!isNewestCode && <s-banner tone="info" heading={t('member.old_code')} />}
      <Facts member={member} t={t} />
      <Attach till={till} member={member} t={t} />
      <s-divider />
      <s-button disabled={!isOnline} onClick={() => actions.openRewards(screen)}>
        {t('member.rewards')}
      </s-button>
      <s-button disabled={!isOnline} onClick={() => actions.checkIn(member)}>
        {t('member.check_in')}
      </s-button>
      <s-button disabled={!isOnline} onClick={grant}>
        {t('member.grant')}
      </s-button>
      <s-button disabled={!isOnline} onClick={() => actions.showCard(member)}>
        {t('member.show_card')}
      </s-button>
      <s-button onClick={() => actions.go({at: 'scan'})}>{t('member.next')}</s-button>
    </s-stack>
  );
}

const EMPTY = {points: '', reason: '', note: ''};

function Facts({member, t}: {member: Member; t: Words}) {
  return (
    <s-section heading={member.name}>
      <s-stack direction="block" gap="small">
        <s-stack direction="inline" gap="small" alignItems="center">
          <s-heading>{t('member.points', {count: member.points})}</s-heading>
          {member.tier && <s-badge tone="info">{member.tier}</s-badge>}
        </s-stack>
        {member.contact && <s-text>{member.contact}</s-text>}
        <s-text color="subdued">{t('member.joined', {day: t.day(member.joined_on)})}</s-text>
        <s-text color="subdued">{lastOrder(member, t)}</s-text>
        <s-text color="subdued">{t('member.short_code', {code: member.short_code})}</s-text>
      </s-stack>
    </s-section>
  );
}

function lastOrder({last_order: order}: Member, t: Words): string {
  if (!order) return t('member.no_order');
  return t('member.last_order', {order: order.name, day: t.day(order.on), count: order.points});
}
