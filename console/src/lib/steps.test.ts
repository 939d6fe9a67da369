import { describe, expect, it } from 'vitest';
import { stepDetail } from './steps';

describe('what a step noted', () => {
  it('is read into its figures', () => {
    expect(stepDetail('intake', 'IntakeReport { accepted: 12, refused: 20, waiting: 1, known: 1, records: 60000 }')).toEqual({
      key: 'stepDetail.intake',
      params: { accepted: '12', refused: '20', waiting: '1', records: '60,000' },
    });
    expect(stepDetail('intake', '接受 accepted 12，拒收 refused 18，等候 waiting 0，记录 records 60000')?.params).toEqual({ accepted: '12', refused: '18', waiting: '0', records: '60,000' });
    expect(stepDetail('net', '12 positions, centre fees 96.27')?.params).toEqual({ positions: '12', fees: '96.27' });
    expect(stepDetail('close', 'closed')?.params).toEqual({});
  });

  it('stays as it is where its form is not known', () => {
    expect(stepDetail('price', 'nothing to price')).toBeNull();
    expect(stepDetail('strange', '1 thing')).toBeNull();
  });
});
