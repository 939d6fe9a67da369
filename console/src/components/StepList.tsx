/** The steps of a clearing date as a checklist: done when, with what result. */
import { CheckCircleFilled, ClockCircleOutlined, CloseCircleFilled, LoadingOutlined } from '@ant-design/icons';
import type { ReactNode } from 'react';
import type { Step, StepState } from '../api/types';
import { usePick, useT } from '../i18n';
import { StepDetail } from './Deed';
import { timeOfDay } from '../lib/text';

const ICONS: Record<StepState, ReactNode> = {
  done: <CheckCircleFilled className="tone-text-ok" />,
  running: <LoadingOutlined className="tone-text-info" />,
  waiting: <ClockCircleOutlined className="tone-text-plain" />,
  failed: <CloseCircleFilled className="tone-text-bad" />,
};

export function StepList({ steps }: { steps: Step[] }) {
  const t = useT();
  const pick = usePick();
  return (
    <ol className="steps">
      {steps.map((step) => (
        <li key={step.step} className={`step ${step.state}`}>
          <span className="step-icon" title={t(`step.${step.state}`)} role="img" aria-label={t(`step.${step.state}`)}>
            {ICONS[step.state]}
          </span>
          <span className="step-name">{pick(step)}</span>
          <span className="step-detail">
            <StepDetail step={step.step} detail={step.detail} />
          </span>
          <span className="step-when num">
            {step.done_at ? timeOfDay(step.done_at) : ''}
          </span>
        </li>
      ))}
    </ol>
  );
}
