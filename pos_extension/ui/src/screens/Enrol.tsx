// Enrols somebody new with a name and one way to reach them.

import {useState} from 'preact/hooks';
import type {EnrolScreen} from '../machine';
import type {Props} from '../Modal';
import type {Fields} from '../wire';
import type {Words} from '../words';
import type {Draft} from '../writes';
import {NoticeBanner} from './NoticeBanner';

const TEXT_MAX = 255;

export function Enrol({t, actions, screen, isOnline}: Props & {screen: EnrolScreen}) {
  const [draft, setDraft] = useState(screen.draft);
  const [problems, setProblems] = useState<Fields>(screen.fields);
  const change = (part: Partial<Draft>) => setDraft((before) => ({...before, ...part}));
  const submit = () => {
    const tidy = {name: draft.name.trim(), contact: draft.contact.trim()};
    const found = problemsOf(tidy, t);
    setProblems(found);
    if (Object.keys(found).length === 0) actions.enrol(tidy);
  };
  return (
    <s-stack direction="block" gap="base">
      <NoticeBanner notice={screen.notice} t={t} />
      <s-heading>{t('enrol.title')}</s-heading>
      <s-text-field
        label={t('enrol.name')}
        maxLength={TEXT_MAX}
        required
        value={draft.name}
        error={problems.name ?? ''}
        onInput={(event) => change({name: event.currentTarget.value ?? ''})}
      />
      <s-text-field
        label={t('enrol.contact')}
        details={t('enrol.hint')}
        maxLength={TEXT_MAX}
        required
        value={draft.contact}
        error={problems.contact ?? ''}
        onInput={(event) => change({contact: event.currentTarget.value ?? ''})}
      />
      <s-button variant="primary" disabled={!isOnline} onClick={submit}>
        {t('enrol.send')}
      </s-button>
      <s-button onClick={() => actions.go({at: 'scan'})}>{t('common.cancel')}</s-button>
    </s-stack>
  );
}

function problemsOf(draft: Draft, t: Words): Fields {
  const problems: Fields = {};
  if (!draft.name) problems.name = t('enrol.name_missing');
  if (!draft.contact) problems.contact = t('enrol.contact_missing');
  if (draft.name.length > TEXT_MAX) problems.name = t('enrol.too_long');
  if (draft.contact.length > TEXT_MAX) problems.contact = t('enrol.too_long');
  return problems;
}
