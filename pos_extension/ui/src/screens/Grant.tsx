// Grants points: how many, why, and how many this person may still grant today.

import {useState} from 'preact/hooks';
import type {GrantScreen} from '../machine';
import type {Props} from '../Modal';
import type {Fields} from '../wire';
import type {Words} from '../words';
import type {Wish} from '../writes';
import {NoticeBanner} from './NoticeBanner';

const QUICK = [10, 50, 100];
const NOTE_MAX = 255;

export function Grant(props: Props & {screen: GrantScreen}) {
  const {t, actions, screen, model, isOnline} = props;
  const {left_today: left, reasons} = model.settings?.grant ?? {left_today: 0, reasons: []};
  const [wish, setWish] = useState(screen.wish);
  const [problems, setProblems] = useState<Fields>(screen.fields);
  const change = (part: Partial<Wish>) => setWish((before) => ({...before, ...part}));
  const {member, isNewestCode, scanned} = screen;
  const back = () =>
    actions.go({at: 'member', member, isNewestCode, scanned});
  const submit = () => {
    const found = problemsOf(wish, left, t);
    setProblems(found);
    if (Object.keys(found).length === 0) actions.grant(screen, wish);
  };
  return (
    <s-stack direction="block" gap="base">
      <NoticeBanner notice={screen.notice} t={t} />
      <s-heading>{t('grant.title', {name: screen.member.name})}</s-heading>
      {left === 0 && <s-banner tone="warning" heading={t('grant.used_up')} />}
      <s-number-field
        label={t('grant.points')}
        details={left === 0 ? '' : t('grant.left', {count: left})}
        inputMode="numeric"
        min={1}
        max={left}
        value={wish.points}
        error={problems.points ?? ''}
        disabled={left === 0}
        onInput={(event) => change({points: event.currentTarget.value ?? ''})}
      />
      <s-stack direction="inline" gap="small">
        {QUICK.filter((points) => points <= left).map((points) => (
          <s-button key={points} onClick={() => change({points: String(points)})}>
            {t.number(points)}
          </s-button>
        ))}
      </s-stack>
      <s-section heading={t('grant.reason')}>
        <s-choice-list
          values={wish.reason ? [wish.reason] : []}
          onChange={(event) => change({reason: event.currentTarget.values?.[0] ?? ''})}
        >
          {reasons.map(({code, label}) => (
            <s-choice key={code} value={code} selected={code === wish.reason}>
              {label}
            </s-choice>
          ))}
        </s-choice-list>
        {problems.reason && <s-text tone="critical">{problems.reason}</s-text>}
      </s-section>
      <s-text-field
        label={t('grant.note')}
        maxLength={NOTE_MAX}
        value={wish.note}
        error={problems.note ?? ''}
        onInput={(event) => change({note: event.currentTarget.value ?? ''})}
      />
      <s-button variant="primary" disabled={!isOnline || left === 0} onClick={submit}>
        {t('grant.send')}
      </s-button>
      <s-button onClick={back}>{t('common.cancel')}</s-button>
    </s-stack>
  );
}

function problemsOf(wish: Wish, left: number, t: Words): Fields {
  const problems: Fields = {};
  const points = wish.points.trim();
  if (!/^[1-9]\d{0,8}$/.test(points)) problems.points = t('grant.whole');
  else if (Number(points) > left) problems.points = t('grant.too_many', {count: left});
  if (!wish.reason) problems.reason = t('grant.pick_reason');
  return problems;
}
