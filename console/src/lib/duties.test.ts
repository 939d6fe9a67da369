import { describe, expect, it } from 'vitest';
import { clashes, type Permission } from './duties';

const p = (code: string, duty: Permission['duty']): Permission => ({ code, zh: code, en: code, sides: ['centre'], duty });
const all = [p('member.propose', 'maker'), p('member.approve', 'checker'), p('dispute.approve', 'checker'), p('member.read', 'none')];

describe('duties', () => {
  it('maker and checker of one area clash, of two areas they do not', () => {
    expect(clashes(all, new Set(['member.propose', 'member.approve', 'member.read']))).toEqual(['member']);
    expect(clashes(all, new Set(['member.propose', 'dispute.approve']))).toEqual([]);
  });
});
