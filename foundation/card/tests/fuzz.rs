//! Whatever is sent, nothing panics, and the purse changes only under a valid MAC.

mod common;

use common::*;
use proptest::prelude::*;
use tongka_base::Algorithm::{Sm4, Tdes};
use tongka_base::CardScheme::TUnion;
use tongka_card::apdu::build::{self, Purse};
use tongka_card::*;
use tongka_crypto::Key16;

/// Commands that a card takes, from which others are made.
fn templates() -> Vec<Vec<u8>> {
    let text = [
        "00A4040008A000000632010105",
        "00A40000023F00",
        "00B095001E",
        "00B201C417",
        "805C000204",
        "0084000004",
        "0082000008 0000000000000000",
        "0088000108000000000000000008",
        "0020000003123456",
        "805E010007123456FF123456",
        "842400000C000000000000000000000000",
        "805000020B0100000064310000000001",
        "805200000B2025013108301500000000",
        "805001020B0100000064112233445566",
        "805003020B0100000064112233445566",
        "80DC00F003010203",
        "80DC1AD003010203",
        "805401000F0000000120250131083015 00000000",
        "805005010B0100000064310000000001",
        "805403000B2025013108301500000000",
        "805004010701310000000001",
        "805800000E000064 2025013108301500000000",
        "805A0006020000",
        "04D6950008 0000000000000000",
        "04DC01D408 0000000000000000",
        "04E200F008 0000000000000000",
        "841E000004 00000000",
        "8418000004 00000000",
        "80E0001907280100010004 01",
        "84D401001C00000000000000000000000000000000000000000000000000000000",
        "8070000024 5A6B7C8D0123000000C806202501310830150100429000000001234502002900FFFFFFFF",
        "807200000400000000",
        "801A360110 429000000001234502002900FFFFFFFF",
        "80FA05000D 00000000000000008400000000",
        "00C0000000",
    ];
    text.iter().map(|text| hex::decode(text.replace(' ', "")).unwrap()).collect()
}

fn command() -> impl Strategy<Value = Vec<u8>> {
    let mutated = (prop::sample::select(templates()), any::<prop::sample::Index>(), any::<u8>(), 0u8..4);
    let mutated = mutated.prop_map(|(mut bytes, at, value, how)| {
        let at = at.index(bytes.len());
        match how {
            0 => bytes[at] = value,
            1 => bytes.truncate(at),
            2 => bytes.insert(at, value),
            _ => {}
        }
        bytes
    });
    prop_oneof![1 => prop::collection::vec(any::<u8>(), 0..300), 4 => mutated]
}

fn purses(card: &mut Card) -> [i64; 2] {
    [Purse::Ep, Purse::Ed].map(|purse| balance(card, purse))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_card_stands_anything(commands in prop::collection::vec(command(), 1..30), sm4 in any::<bool>()) {
        let mut image = image(TUnion, if sm4 { Sm4 } else { Tdes });
        image.ep.balance = 5000;
        image.ep.overdraft = 100;
        let mut card = Card::from_image(&with_pin(image), seeded(31)).unwrap();
        select(&mut card);
        for command in commands {
            prop_assert!(card.transmit(&command).len() >= 2);
        }
        prop_assert_eq!(purses(&mut card), [5000, 0]);
    }

    #[test]
    fn a_blank_card_stands_anything(commands in prop::collection::vec(command(), 1..30)) {
        let maker = Key16::new([0x17; 16]);
        let mut card = Card::blank(maker.clone(), Tdes, seeded(32));
        let challenge = ok(&mut card, &build::get_challenge(8)).try_into().unwrap();
        let cryptogram = tongka_crypto::external_authentication(Tdes, maker.bytes(), &challenge);
        ok(&mut card, &build::external_auth(0, cryptogram));
        for command in commands {
            prop_assert!(card.transmit(&command).len() >= 2);
        }
        prop_assert!(Card::from_bytes(&card.to_bytes(), seeded(1)).is_ok());
    }

    #[test]
    fn a_psam_stands_anything(commands in prop::collection::vec(command(), 1..30)) {
        let mut psam = Psam::from_image(&psam_image());
        for command in commands {
            prop_assert!(psam.transmit(&command).len() >= 2);
        }
    }

    /// A valid credit or debit with anything changed but its Le moves no money.
    #[test]
    fn changed_commands_move_nothing(at in any::<prop::sample::Index>(), bit in 0u8..8, unload in any::<bool>()) {
        let of = (TUnion, Sm4);
        let mut image = image(of.0, of.1);
        image.ed = Some(card::PurseImage { balance: 900, ..card::PurseImage::default() });
        let mut card = Card::from_image(&image, seeded(33)).unwrap();
        let valid = if unload {
            begin_unload(&mut card, of, 100).unwrap().0
        } else {
            begin_load(&mut card, of, Purse::Ep, 100).unwrap().0
        };
        let mut bytes = valid.bytes();
        let at = at.index(bytes.len() - 1);
        bytes[at] ^= 1 << bit;
        prop_assert!(card.transmit(&bytes).len() >= 2);
        prop_assert_eq!(purses(&mut card), [0, 900]);
    }

    #[test]
    fn saved_states_of_any_bytes_are_refused_or_sound(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(Card::from_bytes(&bytes, seeded(1)).is_err());
        prop_assert!(Psam::from_bytes(&bytes).is_err());
    }

    /// A state with bytes changed and its checksum made right is refused or still answers.
    #[test]
    fn forged_states_do_not_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        head in any::<bool>(),
        commands in prop::collection::vec(command(), 1..20),
    ) {
        let mut card = Card::from_image(&with_pin(image(TUnion, Sm4)), seeded(34)).unwrap();
        let _ = load(&mut card, (TUnion, Sm4), Purse::Ep, 100);
        let mut bytes = card.to_bytes().to_vec();
        for (at, value) in changes {
            // The tables lie at the start of the data, behind the journal.
            let journal = 10 + usize::from(u16::from_be_bytes([bytes[8], bytes[9]]));
            let at = if head { journal + at.index(500) } else { 8 + at.index(bytes.len() - 8) };
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        let crc = files::crc32(&bytes[8..]).to_be_bytes();
        bytes[4..8].copy_from_slice(&crc);
        if let Ok(mut card) = Card::from_bytes(&bytes, seeded(35)) {
            for command in commands {
                prop_assert!(card.transmit(&command).len() >= 2);
            }
        }
    }

    #[test]
    fn commands_read_back_as_written(
        head in any::<[u8; 4]>(),
        data in prop::collection::vec(any::<u8>(), 0..256),
        le in prop::option::of(1u16..=256),
    ) {
        prop_assume!(head[0] != 0xFF);
        let command = Command { cla: head[0], ins: head[1], p1: head[2], p2: head[3], data, le };
        prop_assert_eq!(Command::parse(&command.bytes()), Ok(command));
    }
}
