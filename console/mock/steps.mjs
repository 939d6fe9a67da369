import { STEPS } from './codes.mjs';
import { at } from './dates.mjs';
import { seeded } from './random.mjs';

const count = (n) => n.toLocaleString('en-US');

/** The checklist of a day. */
export function stepsOf(day) {
  const random = seeded(Number(day.clearing_date.replaceAll('-', '')));
  const records = day.uploads.reduce((s, u) => s + u.record_count, 0);
  const detail = {
    intake: `${day.uploads.length} 个文件，${count(records)} 条`, cut: '', price: `${day.groups.length} 组`, net: `${day.positions.length} 家，Σ = 0`,
    prove: '两条路径一致', post: `${day.positions.length * 2 + 1} 笔分录`, publish: `${day.positions.length * 5} 个结果文件`, close: '',
  };
  return STEPS.map(([step, zh, en], i) => {
    const done = day.state === 'closed' || (day.state === 'cut' && i < (day.progress ?? 2));
    const running = day.state === 'open' ? i === 0 : day.state === 'cut' && i === (day.progress ?? 2);
    return {
      step, zh, en,
      state: done ? 'done' : running ? (day.failed ? 'failed' : 'running') : 'waiting',
      done_at: done ? at(day.clearing_date, `22:${30 + Math.floor(i / 4)}:${String((i * 13) % 60).padStart(2, '0')}`) : null,
      by: done && step === 'cut' ? '王芳' : null,
      detail: done || (running && step === 'intake') ? detail[step] : null,
      input_digest: done ? random.hex(64) : null,
      output_digest: done ? random.hex(64) : null,
    };
  });
}
