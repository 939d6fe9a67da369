/** The first page: a member's day for a member, the open clearing date for the centre. */
import { lazy } from 'react';
import { useSide } from '../api/session';
import DashboardPage from './dashboard/DashboardPage';

const TodayPage = lazy(() => import('./portal/TodayPage'));

export default function HomePage() {
  return useSide() === 'member' ? <TodayPage /> : <DashboardPage />;
}
