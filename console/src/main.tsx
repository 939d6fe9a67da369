import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router';
import { Problem } from './api/http';
import { SessionProvider } from './api/session';
import { App } from './app/App';
import { warmUp } from './app/warmup';
import { DisplayProvider } from './app/display';
import { LanguageProvider } from './i18n';
import './styles/app.css';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: true,
      // A refusal stays a refusal; only silence of the network is asked again, once.
      retry: (count, error) => error instanceof Problem && error.status === 0 && count < 1,
    },
  },
});

warmUp(client);

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <LanguageProvider>
        <DisplayProvider>
          <BrowserRouter>
            <SessionProvider>
              <App />
            </SessionProvider>
          </BrowserRouter>
        </DisplayProvider>
      </LanguageProvider>
    </QueryClientProvider>
  </StrictMode>,
);
