// The first screen: scan a card, type its code, or enrol somebody.

import {useState} from 'preact/hooks';
import {useSignal} from '../host';
import type {ScanScreen} from '../machine';
import type {Props} from '../Modal';
import {NoticeBanner} from './NoticeBanner';

export function Scan({till, t, actions, screen, isOnline}: Props & {screen: ScanScreen}) {
  const sources = useSignal(till.scanner.sources.current);
  const [code, setCode] = useState('');
  const enrol = () => actions.go({at: 'enrol', draft: {name: '', contact: ''}, fields: {}});
  return (
    <s-stack direction="block" gap="large">
      <NoticeBanner notice={screen.notice} t={t} />
      <s-stack direction="block" gap="small">
        <s-heading>{t('scan.title')}</s-heading>
        <s-text color="subdued">{t('scan.listening')}</s-text>
        {sources.includes('camera') && (
          <s-button
            variant="primary"
            disabled={!isOnline}
            onClick={() => till.scanner.showCameraScanner()}
          >
            {t('scan.camera')}
          </s-button>
        )}
      </s-stack>
      <s-divider />
      <s-stack direction="block" gap="small">
        <s-text-field
          label={t('scan.by_hand')}
          placeholder={t('scan.code')}
          value={code}
          onInput={(event) => setCode(event.currentTarget.value ?? '')}
        />
        <s-button disabled={!isOnline} onClick={() => actions.lookUp(code)}>
          {t('scan.look_up')}
        </s-button>
      </s-stack>
      <s-divider />
      <s-button disabled={!isOnline} onClick={enrol}>
        {t('scan.enrol')}
      </s-button>
    </s-stack>
  );
}
