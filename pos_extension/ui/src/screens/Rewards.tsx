// What the member can redeem here, and the codes that they hold already.

import {useState} from 'preact/hooks';
import type {RewardsScreen} from '../machine';
import type {Props} from '../Modal';
import type {Offer, Redemption} from '../wire';
import type {Words} from '../words';
import {NoticeBanner} from './NoticeBanner';

type Own = Props & {screen: RewardsScreen};

export function Rewards(props: Own) {
  const {t, actions, screen} = props;
  const {member, isNewestCode, scanned, offers, held} = screen;
  const back = () => actions.go({at: 'member', member, isNewestCode, scanned});
  return (
    <s-stack direction="block" gap="base">
      <NoticeBanner notice={screen.notice} t={t} />
      <s-heading>{t('rewards.title', {name: member.name, count: member.points})}</s-heading>
      {held.map((redemption) => (
        <Held key={redemption.id} {...props} redemption={redemption} />
      ))}
      {offers.length === 0 && <s-text>{t('rewards.none')}</s-text>}
      {offers.map((offer) => (
        <Reward key={offer.id} {...props} offer={offer} />
      ))}
      <s-button onClick={back}>{t('common.back')}</s-button>
    </s-stack>
  );
}

/** Whoever has redeemed has an older code by now. */
const OLD = {isNewestCode: false, scanned: null};

function Held({t, actions, screen, isOnline, redemption}: Own & {redemption: Redemption}) {
  const {member} = screen;
  const open = () =>
    actions.go({at: 'redeemed', member, redemption, lastCode: redemption.code, ...OLD});
  return (
    <s-section heading={t('rewards.held', {name: redemption.name})}>
      <s-stack direction="block" gap="small">
        <s-text color="subdued">{validity(redemption, t)}</s-text>
        <s-button disabled={!isOnline} onClick={open}>
          {t('rewards.use', {name: redemption.name})}
        </s-button>
      </s-stack>
    </s-section>
  );
}

function Reward({t, actions, screen, isOnline, offer}: Own & {offer: Offer}) {
  const [points, setPoints] = useState(String(offer.cost_points));
  const [problem, setProblem] = useState('');
  const isPerPoint = offer.pricing === 'per_point';
  const submit = () => {
    const found = isPerPoint ? problemOf(points, offer, t) : '';
    setProblem(found);
    if (!found) actions.choose(screen, {offer, points: isPerPoint ? Number(points) : null});
  };
  return (
    <s-section heading={offer.name}>
      <s-stack direction="block" gap="small">
        <s-text>{offer.worth}</s-text>
        {offer.is_redeemable && isPerPoint && (
          <s-number-field
            label={t('rewards.points', {name: offer.name})}
            inputMode="numeric"
            min={offer.points_min ?? 1}
            max={offer.cost_points}
            value={points}
            error={problem}
            onInput={(event) => setPoints(event.currentTarget.value ?? '')}
          />
        )}
        {offer.is_redeemable ? (
          <s-button variant="primary" disabled={!isOnline} onClick={submit}>
            {t(isPerPoint ? 'rewards.redeem_points' : 'rewards.redeem', {
              name: offer.name,
              count: offer.cost_points,
            })}
          </s-button>
        ) : (
          <s-text color="subdued">{whyNot(offer, t)}</s-text>
        )}
      </s-stack>
    </s-section>
  );
}

function problemOf(points: string, offer: Offer, t: Words): string {
  const least = offer.points_min ?? 1;
  const typed = /^[1-9]\d{0,8}$/.test(points.trim()) ? Number(points) : 0;
  const isFine = typed >= least && typed <= offer.cost_points;
  if (isFine) return '';
  return t('rewards.between', {least: t.number(least), most: t.number(offer.cost_points)});
}

function whyNot(offer: Offer, t: Words): string {
  if (offer.missing_points > 0) return t('rewards.missing', {count: offer.missing_points});
  return offer.why_not ?? '';
}

export function validity({state, last_valid_on: day, code}: Redemption, t: Words): string {
  if (state === 'reserved') return t('redeemed.making');
  return day === null ? (code ?? '') : t('rewards.until', {code: code ?? '', day: t.day(day)});
}
