export { CeremonyPage as default } from './CeremonyPage';
