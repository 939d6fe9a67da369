import { describe, expect, it } from 'vitest';
import { secondsLeft } from './idle';

describe('an idle session', () => {
  it('counts down from its limit and ends at it', () => {
    expect(secondsLeft(0, 0, 900)).toBe(900);
    expect(secondsLeft(0, 840_000, 900)).toBe(60);
    expect(secondsLeft(0, 899_001, 900)).toBe(1);
    expect(secondsLeft(0, 900_000, 900)).toBe(0);
  });

  it('is not made longer by a clock set back', () => {
    expect(secondsLeft(60_000, 0, 900)).toBe(900);
  });
});
