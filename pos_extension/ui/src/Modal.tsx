// The modal: one screen at a time, as the machine says.

import {render} from 'preact';
import {type Till, useIsOnline} from './host';
import type {Model} from './machine';
import {Doubt} from './screens/Doubt';
import {Enrol} from './screens/Enrol';
import {Grant} from './screens/Grant';
import {MemberCard} from './screens/MemberCard';
import {Pass} from './screens/Pass';
import {ProofNeeded} from './screens/ProofNeeded';
import {Redeemed} from './screens/Redeemed';
import {Rewards} from './screens/Rewards';
import {Scan} from './screens/Scan';
import {type Actions, useTill} from './useTill';
import {type Words, wordsOf} from './words';

export default async (): Promise<void> => {
  render(<Modal till={shopify} />, document.body);
};

function Modal({till}: {till: Till}) {
  const t = wordsOf(till);
  const [model, actions] = useTill(till, t);
  const isOnline = useIsOnline(till);
  return (
    <s-page heading={t('app.name')}>
      {/* Each screen begins at its top. */}
      <s-scroll-box key={model.screen.at} padding="base">
        <s-stack direction="block" gap="base">
          {!isOnline && <s-banner tone="warning" heading={t('common.offline')} />}
          <Screen till={till} t={t} model={model} actions={actions} isOnline={isOnline} />
        </s-stack>
      </s-scroll-box>
    </s-page>
  );
}

export interface Props {
  till: Till;
  t: Words;
  model: Model;
  actions: Actions;
  isOnline: boolean;
}

function Screen(props: Props) {
  const {screen} = props.model;
  switch (screen.at) {
    case 'scan':
      return <Scan {...props} screen={screen} />;
    case 'member':
      return <MemberCard key={screen.member.id} {...props} screen={screen} />;
    case 'rewards':
      return <Rewards {...props} screen={screen} />;
    case 'proof':
      return <ProofNeeded {...props} screen={screen} />;
    case 'redeemed':
      return <Redeemed key={screen.redemption.id} {...props} screen={screen} />;
    case 'grant':
      return <Grant {...props} screen={screen} />;
    case 'enrol':
      return <Enrol {...props} screen={screen} />;
    case 'pass':
      return <Pass {...props} screen={screen} />;
    case 'doubt':
      return <Doubt {...props} screen={screen} />;
    case 'busy':
      return <Busy label={props.t(`busy.${screen.doing}`)} />;
  }
}

function Busy({label}: {label: string}) {
  return (
    <s-stack direction="block" gap="base" alignItems="center" padding="large-500">
      <s-spinner accessibilityLabel={label} />
      <s-text>{label}</s-text>
    </s-stack>
  );
}
