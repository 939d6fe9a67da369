/** Positions of the date with the statements of each member. */
import { EmbeddedList } from '../../components/list/EmbeddedList';
import { CONFIGS } from '../lists/configs';

export function PositionsTab({ date }: { date: string }) {
  return <EmbeddedList name="positions" fixed={{ clearing_date: date }} config={CONFIGS['positions']} />;
}
