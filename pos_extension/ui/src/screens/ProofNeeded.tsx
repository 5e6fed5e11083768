// The card's code is not its newest, or the cashier's limit is reached: somebody vouches for it.

import {useState} from 'preact/hooks';
import type {ProofScreen} from '../machine';
import type {Props} from '../Modal';
import {NoticeBanner} from './NoticeBanner';

const CODE = /^\d{3}[\s-]?\d{3}$/;

export function ProofNeeded(props: Props & {screen: ProofScreen}) {
  const {till, t, actions, screen, isOnline} = props;
  const {member, isNewestCode, scanned, choice, needsManager} = screen;
  const [code, setCode] = useState('');
  const [problem, setProblem] = useState(screen.fields.shown_code ?? '');
  const back = () => actions.go({at: 'member', member, isNewestCode, scanned});
  const submit = () => {
    const isCode = CODE.test(code.trim());
    setProblem(isCode ? '' : t('proof.six_digits'));
    if (isCode) actions.prove(screen, {shown_code: code.trim()});
  };
  const askManager = () => {
    let typed = '';
    till.pinPad.showPinPad(
      (pin) => {
        typed = pin.join('');
        return {result: 'accept'};
      },
      {
        title: t('proof.manager'),
        label: t('proof.pin', {name: choice.offer.name}),
        masked: true,
        minPinLength: 6,
        maxPinLength: 8,
        onDismissed: ({completed}) => {
          if (completed && typed) actions.prove(screen, {manager_pin: typed});
        },
      },
    );
  };
  return (
    <s-stack direction="block" gap="base">
      <NoticeBanner notice={screen.notice} t={t} />
      <s-heading>{t('proof.title', {name: member.name, reward: choice.offer.name})}</s-heading>
      {needsManager ? (
        <s-text>{t('proof.limit')}</s-text>
      ) : (
        <s-stack direction="block" gap="small">
          <s-text>{t('proof.scan')}</s-text>
          <s-text-field
            label={t('proof.code')}
            details={t('proof.where')}
            maxLength={7}
            value={code}
            error={problem}
            onInput={(event) => setCode(event.currentTarget.value ?? '')}
          />
          <s-button variant="primary" disabled={!isOnline} onClick={submit}>
            {t('proof.send')}
          </s-button>
          <s-divider />
        </s-stack>
      )}
      <s-button disabled={!isOnline} onClick={askManager}>
        {t('proof.manager')}
      </s-button>
      {screen.fields.manager_pin && <s-text tone="critical">{screen.fields.manager_pin}</s-text>}
      <s-button onClick={back}>{t('common.cancel')}</s-button>
    </s-stack>
  );
}
