export { CeremoniesPage as default } from './CeremonyPage';
