import { expect, test } from 'vitest';
import { sm3 } from './sm3';

// The examples of GB/T 32905, appendix A.
test('the digests of the standard', () => {
  const of = (text: string) => sm3(new TextEncoder().encode(text));
  expect(of('abc')).toBe('66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0');
  expect(of('abcd'.repeat(16))).toBe('DEBE9FF92275B8A138604889C18E5A4D6FDB70E5387E5765293DCBA39C0C5732');
});
