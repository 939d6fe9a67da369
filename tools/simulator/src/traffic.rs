//! What people do on a day: trips of cards at the terminals of one upload.

use crate::cities::CITIES;
use crate::dice::{Dice, Subject};
use crate::draft::{Draft, Terminal, counter_base, time_of_day};
use crate::world::{RANGE_LEN, World, shift};
use tongka_base::date::days_since_epoch;
use tongka_base::{Date, Industry};

/// Terminals at which only cards tap whose records come a day late.
const LATE: u32 = 2;
/// Terminals of records that are wrong on purpose.
const FAULTY: u32 = 4;
/// Records a terminal of the plan.
const RECORDS_PER_TERMINAL: u32 = 400;

/// The upload of a member and the terminals that only this upload uses.
pub(crate) struct Site {
    pub(crate) member: u32,
    pub(crate) sequence: u32,
    pub(crate) date: Date,
    pub(crate) terminals: Vec<Terminal>,
    normal: u32,
}

impl Site {
    /// Terminal numbers set aside for each upload.
    pub(crate) fn stride(max_records: u32) -> u32 {
        max_records / RECORDS_PER_TERMINAL + 32
    }

    /// Whether uploads up to this sequence have terminals of their own.
    pub(crate) fn fits(max_records: u32, sequence: u64) -> bool {
        sequence <= 9_999 && sequence * u64::from(Self::stride(max_records)) < u64::from(RANGE_LEN)
    }

    pub(crate) fn new(member: u32, sequence: u32, date: Date, max_records: u32) -> Self {
        let stride = Self::stride(max_records);
        let city = CITIES[member as usize].code;
        let terminal = |local: u32| {
            let number = (sequence - 1) * stride + local + 1;
            let industry = match local % 20 {
                0..=9 => Industry::Bus,
                10..=15 => Industry::Metro,
                16 => Industry::Taxi,
                17 => Industry::Ferry,
                18 => Industry::Parking,
                _ => Industry::Retail,
            };
            let rides = matches!(industry, Industry::Bus | Industry::Metro | Industry::Ferry);
            Terminal {
                psam: World::psam(member, 0, number),
                industry,
                merchant: u32::from(city) * 10_000 + u32::from(industry.code()) * 100 + number % 7,
                line: if rides { number % 97 + 1 } else { 0 },
                device: 20_000_000 + number,
                city,
            }
        };
        let normal = stride - 8;
        Self { member, sequence, date, terminals: (0..normal + LATE + 1 + FAULTY).map(terminal).collect(), normal }
    }

    /// The terminal of duplicates that come in the next upload.
    pub(crate) fn shared_terminal(&self) -> u32 {
        self.normal + LATE
    }

    /// A terminal of faults.
    pub(crate) fn faulty_terminal(&self, number: u64) -> u32 {
        self.normal + LATE + 1 + (number % u64::from(FAULTY)) as u32
    }

    /// A terminal of an industry.
    fn pick(&self, industry: Industry, dice: &mut Dice) -> u32 {
        let (first, count) = match industry {
            Industry::Bus => (0, 10),
            Industry::Metro => (10, 6),
            Industry::Taxi => (16, 1),
            Industry::Ferry => (17, 1),
            Industry::Parking => (18, 1),
            Industry::Retail => (19, 1),
        };
        let blocks = u64::from(self.normal / 20);
        dice.below(blocks) as u32 * 20 + first + dice.below(count) as u32
    }
}

/// What a ride or a purchase costs: list price and amount, fen.
pub(crate) fn fare(industry: Industry, card_type: u8, dice: &mut Dice) -> (u32, u32) {
    let step = |dice: &mut Dice, low, high, unit| (dice.between(low, high) * unit) as u32;
    let (list, percent) = match industry {
        Industry::Bus => (step(dice, 1, 3, 100), [80, 90, 60][dice.below(3) as usize]),
        Industry::Metro => (step(dice, 2, 10, 100), [95, 90, 100][dice.below(3) as usize]),
        Industry::Taxi => (step(dice, 110, 600, 10), 100),
        Industry::Ferry => (step(dice, 2, 5, 100), 90),
        Industry::Parking => (step(dice, 1, 8, 500), 100),
        Industry::Retail => (step(dice, 300, 6000, 1), 100),
    };
    let rides = matches!(industry, Industry::Bus | Industry::Metro | Industry::Ferry);
    let percent = match card_type {
        2 if rides => 50,
        3 if industry == Industry::Bus => 0,
        _ => percent,
    };
    (list, list * percent / 100)
}

/// Fills the upload with trips up to `count` records. Cards are numbered from 0; every second one is on the way
/// somewhere and back, so that a card taps between one and eight times.
pub(crate) fn fill(world: &World, site: &Site, count: usize, drafts: &mut Vec<Draft>) {
    let owner = u64::from(site.member) << 32 | u64::from(site.sequence);
    let day = days_since_epoch(site.date) as u64;
    let mut number = 0;
    while drafts.len() < count {
        trips_of(world, site, [owner, number, day], count, drafts);
        number += 1;
    }
}

fn trips_of(world: &World, site: &Site, [owner, number, day]: [u64; 3], count: usize, drafts: &mut Vec<Draft>) {
    const INDUSTRIES: [u64; 6] = [52, 87, 90, 92, 94, 100];
    let mut habits = Dice::of(world.seed, Subject::Card, [owner, number, 0]);
    let card = world.card(site.member, site.sequence, number, &mut habits);
    let card_type = [0, 0, 0, 0, 0, 0, 0, 0, 2, 3][habits.below(10) as usize];
    let late = habits.percent(2);
    let date = if late { shift(site.date, -1) } else { site.date };
    let overdraft = world.issuers[card.issuer as usize].overdraft;

    let mut dice = Dice::of(world.seed, Subject::CardDay, [owner, number, day]);
    let trips = [1, 1, 2, 2, 2, 3, 4][dice.below(7) as usize];
    let mut times = [0; 4];
    times.iter_mut().for_each(|time| *time = time_of_day(&mut dice));
    times[..trips].sort_unstable();
    let mut balance = dice.between(100, 20_000) as i32;
    let mut counter = counter_base(site.date);
    let mut clock = 0;
    for time in times.into_iter().take(trips) {
        let industry = if late { Industry::Bus } else { Industry::ALL[dice.weighted(&INDUSTRIES)] };
        let (list, amount) = fare(industry, card_type, &mut dice);
        let legs: &[(u32, u32, u32)] = match industry {
            Industry::Metro => &[(0, 0, 0), (480 + dice.below(3000) as u32, list, amount)],
            _ => &[(0, list, amount)],
        };
        for (later, list, amount) in legs {
            if drafts.len() == count {
                return;
            }
            clock = u32::max(clock + 60, time + later).min(86_399);
            let local = match late {
                true => site.normal + dice.below(u64::from(LATE)) as u32,
                false => site.pick(industry, &mut dice),
            };
            let amount = *amount as i32;
            if balance < amount && (balance + overdraft < amount || dice.percent(50)) {
                balance += 10_000;
            }
            // Late terminals are of the fixed pattern too, but serve as bus terminals.
            let terminal = Terminal { industry, ..site.terminals[local as usize] };
            let mut draft = Draft::tap(world, card, &terminal, local, date, clock);
            draft.txu.card_type = card_type;
            draft.txu.counter = counter;
            draft.txu.balance_before = balance;
            draft.txu.amount = amount as u32;
            draft.txu.list_price = *list;
            drafts.push(draft);
            balance -= amount;
            counter += 1;
        }
    }
}
