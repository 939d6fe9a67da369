/** Made by `npm run gen` from the server's OpenAPI document; not edited by hand. */
export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        AccountBody: {
            bank: string;
            /** @description `00000000` for the centre's. */
            member: string;
            name: string;
            number: string;
            /** @description `reserve`, `outside`, `clearing` or `fees`. */
            role: string;
        };
        AccountView: {
            /** Format: int64 */
            id: number;
            login: string;
            name: string;
            /** @description `centre`, `member:10002900` or `tenant:3050`. */
            owner: string;
            person: string;
            roles: string[];
        };
        Adjust: {
            /** Format: int64 */
            amount_fen: number;
            creditor: string;
            /** @description Who pays; `00000000` is the centre. */
            debtor: string;
            reason: string;
            /** @description What it is about: a number of a letter, a file. */
            reference: string;
        };
        ApprovalView: {
            after: unknown;
            before: unknown;
            decided_at?: string | null;
            decider?: components["schemas"]["PersonView"] | null;
            effective_on?: string | null;
            executed_at?: string | null;
            /** Format: int64 */
            id: number;
            kind: string;
            /** @description Whether the caller may decide it. */
            may_decide: boolean;
            object: string;
            owner: string;
            proposed_at: string;
            proposer: components["schemas"]["PersonView"];
            reason?: string | null;
            result: unknown;
            /** @description open, scheduled, done, refused, withdrawn or failed. */
            state: string;
            summary: string;
        };
        Arrived: {
            /** Format: int64 */
            bytes: number;
            /** @description SM3 of the whole file. */
            digest: string;
            name: string;
        };
        /** @description What became of it: done at once, or a proposal that waits. */
        AskedView: {
            /** Format: int64 */
            approval?: number | null;
            number?: string | null;
        };
        AuditFault: {
            /** Format: int64 */
            sequence: number;
            what: string;
        };
        AuditView: {
            /** Format: int64 */
            entries: number;
            faults: components["schemas"]["AuditFault"][];
            /** Format: int64 */
            first_bad?: number | null;
            head: string;
            ok: boolean;
        };
        Begin: {
            /** @description Two to five. */
            custodians: string[];
            kcv?: string | null;
            key: Record<string, never>;
        };
        CaseView: {
            /** Format: int64 */
            amount_fen: number;
            card: string;
            clearing_date: string;
            closed_at?: string | null;
            deadline?: string | null;
            /** Format: int64 */
            disputed_fen: number;
            /** Format: int64 */
            gap?: number | null;
            /** Format: int64 */
            held_fen: number;
            number: string;
            opened_at: string;
            /** Format: int32 */
            record_no: number;
            stages: components["schemas"]["StageView"][];
            state: string;
            upload: string;
        };
        CeremoniesView: {
            items: components["schemas"]["CeremonyView"][];
        };
        CeremonyView: {
            created_at: string;
            device: string;
            /** @description Check value of the whole key, where it is known before. */
            expected_kcv?: string | null;
            finished_at?: string | null;
            /** Format: int64 */
            id: number;
            kcv?: string | null;
            key: Record<string, never>;
            leader: string;
            participants: components["schemas"]["ParticipantView"][];
            /** @description open, done or aborted. */
            state: string;
        };
        CertificateBody: {
            label: string;
            not_after: string;
            not_before: string;
            /** @description The member's signature that proves it has the private key, DER in hex. */
            proof?: string | null;
            /** @description Uncompressed SM2 public key in hex. */
            public_key: string;
        };
        CertificateSent: {
            /** Format: int64 */
            certificate: number;
        };
        Dashboard: {
            clock: string;
            last_closed?: components["schemas"]["DayView"] | null;
            missing_files: components["schemas"]["MissingView"][];
            open_day?: components["schemas"]["DayView"] | null;
            reserves: components["schemas"]["ReserveView"][];
            todo: components["schemas"]["TodoView"];
            trend: components["schemas"]["TrendView"][];
        };
        DayView: {
            /** Format: int64 */
            amount_fen: number;
            /** Format: int64 */
            centre_fees_fen?: number | null;
            clearing_date: string;
            closed_at?: string | null;
            cut_at?: string | null;
            files: components["schemas"]["FilesView"];
            opened_at: string;
            positions?: components["schemas"]["PositionsView"] | null;
            /** Format: int64 */
            records: number;
            state: string;
            steps: components["schemas"]["StepView"][];
            verdicts: components["schemas"]["VerdictView"][];
        };
        Decided: {
            /** @description Block of a key that was given out, under its transport key. */
            block?: string | null;
            /** @description Check value of a key that was made. */
            kcv?: string | null;
            /** Format: int64 */
            request: number;
        };
        /** @enum {string} */
        Decision: "clear" | "reject";
        DifferenceView: {
            /** Format: int64 */
            difference: number;
            key: string;
            member: string;
            /** Format: int64 */
            ours: number;
            /** Format: int64 */
            theirs: number;
            what: string;
        };
        Enrol: {
            from: string;
            name: string;
            passphrase: string;
            to: string;
        };
        Enter: {
            /** @description 32 hex digits. */
            component: string;
            custodian: string;
            /** @description 6 hex digits. */
            kcv: string;
            passphrase: string;
        };
        ExpectedBoard: {
            items: components["schemas"]["ExpectedLine"][];
        };
        ExpectedLine: {
            /** Format: int32 */
            arrived: number;
            by: string;
            /** Format: int32 */
            expected: number;
            from: string;
            kind: string;
            last_at?: string | null;
            /** Format: int64 */
            late_minutes: number;
            member: string;
            name: string;
            /** @description waiting, due_soon, late, escalated, arrived or arrived_late. */
            standing: string;
        };
        /** @description A fee rule in the words of the scheme file. */
        FeeBody: {
            /** @description Eight digits, or `*` for any. */
            acquirer: string;
            /** Format: int32 */
            centre_rate_ppm: number;
            from: string;
            /** @description Two digits, or `*` for any. */
            industry: string;
            /** @description Eight digits, or `*` for any. */
            issuer: string;
            /** Format: int32 */
            issuer_rate_ppm: number;
            to?: string | null;
        };
        /** @description A refusal of one input. */
        FieldError: {
            /** @description Stable code. */
            code: string;
            /** @description Name of the input. */
            field: string;
            /** @description What does not fit. */
            message: string;
        };
        FilesView: {
            /** Format: int64 */
            accepted: number;
            /**
             * Format: int64
             * @description Those of them that came and were accepted.
             */
            arrived: number;
            /**
             * Format: int64
             * @description Files that should come: of the expected ones, or one of each member that takes part.
             */
            expected: number;
            /**
             * Format: int64
             * @description Everything that came.
             */
            received: number;
            /** Format: int64 */
            refused: number;
            /** Format: int64 */
            waiting: number;
        };
        FlowMember: {
            code: string;
            /** Format: double */
            lat?: number | null;
            /** Format: double */
            lon?: number | null;
            name: string;
        };
        FlowView: {
            acquirer: string;
            /** Format: int64 */
            centre_fee_fen?: number | null;
            /** Format: int64 */
            count: number;
            /** Format: int64 */
            gross_fen: number;
            issuer: string;
            /** Format: int64 */
            issuer_fee_fen?: number | null;
        };
        Flows: {
            flows: components["schemas"]["FlowView"][];
            members: components["schemas"]["FlowMember"][];
        };
        Found: {
            items: unknown[];
            next_cursor?: string | null;
            /**
             * Format: int64
             * @description Uploads that were opened for this page.
             */
            uploads_read: number;
        };
        GroupView: {
            /** Format: int64 */
            count: number;
            /** Format: int64 */
            gross_fen: number;
            industry: string;
            issuer: string;
        };
        Hit: {
            /** @description member, file, day or card. */
            kind: string;
            label: string;
            path: string;
        };
        Hits: {
            items: components["schemas"]["Hit"][];
        };
        InboxState: {
            /** @description SM3 of the bytes, where all are there. */
            fingerprint: string;
            modified_at: string;
            name: string;
            /**
             * Format: int64
             * @description Bytes that are there.
             */
            size: number;
            /** @description `receiving`, `waiting` for its signature, `handed` to the centre, `taken` or `rejected` by it. */
            state: string;
        };
        JobAnswer: {
            /** Format: int64 */
            job: number;
        };
        JobView: {
            /** Format: int64 */
            attempt: number;
            created_at: string;
            created_by: string;
            ended_at?: string | null;
            error?: string | null;
            /** Format: int64 */
            id: number;
            kind: string;
            payload: unknown;
            /** Format: int64 */
            progress_done: number;
            progress_text: string;
            /** Format: int64 */
            progress_total?: number | null;
            result: unknown;
            started_at?: string | null;
            /** @description queued, running, done, failed or cancelled. */
            state: string;
        };
        KindView: {
            /** @description Whether the payload says itself from when on it holds. */
            dated: boolean;
            en: string;
            kind: string;
            zh: string;
        };
        Kinds: {
            kinds: components["schemas"]["KindView"][];
        };
        LayerView: {
            /** Format: int64 */
            compared: number;
            differences: components["schemas"]["DifferenceView"][];
            layer: string;
            /** @description `green`, `red`, or `waiting` for what it needs. */
            state: string;
            zh: string;
        };
        Layers: {
            layers: components["schemas"]["LayerView"][];
        };
        /** @description Who answers for a card that was taken though it was listed. */
        LiabilityView: {
            applied_at?: string | null;
            effective_at?: string | null;
            en: string;
            /** @description `acquirer` or `issuer`. */
            liable?: string | null;
            /** @description Whether the card was listed then. */
            listed: boolean;
            offered_at?: string | null;
            /**
             * Format: int64
             * @description First version of the blacklist with the card.
             */
            version?: number | null;
            zh: string;
        };
        LogIn: {
            login: string;
            password: string;
            totp?: string | null;
        };
        MemberName: {
            code: string;
            name: string;
        };
        MemberNames: {
            items: components["schemas"]["MemberName"][];
        };
        MissingView: {
            expected_by: string;
            /** Format: int64 */
            late_minutes: number;
            member: string;
            name: string;
        };
        MoveCard: {
            /** @description Store it goes to, where it goes into stock. */
            store?: string | null;
            to: string;
        };
        MoveSam: {
            /** @description Who has it, where it goes into use. */
            holder?: string | null;
            to: string;
        };
        MovementBody: {
            /** Format: int64 */
            amount_fen: number;
            note?: string | null;
            /** @description The bank's reference, booked once. */
            reference: string;
        };
        NewOrder: {
            /** Format: int64 */
            card_count: number;
            maker: string;
            product: string;
        };
        NewPassword: {
            new_password: string;
            old_password: string;
        };
        NewProduct: {
            check_digit?: boolean;
            code: string;
            /** Format: int64 */
            deposit_fen: number;
            /** @description Files with contents of its own: `adf-05=…`. */
            files?: string[];
            /** @description 16 hex digits. */
            issuer: string;
            /** @description 3des, sm4 or both. */
            keys: string;
            /** Format: int32 */
            kind: number;
            /** Format: int64 */
            max_balance_fen: number;
            name: string;
            /** Format: int64 */
            overdraft_fen?: number;
            /** @description Province and city, 8 digits. */
            region: string;
            /** @description T or M. */
            scheme: string;
            /** Format: int32 */
            years: number;
        };
        NewSegment: {
            /** @description Digits; larger than numbers of JSON may be. */
            first: string;
            last: string;
            maker: string;
            product: string;
        };
        OpenAccount: {
            login: string;
            name: string;
            /** @description `centre`, `member:10002900` or `tenant:3050`. */
            owner: string;
            /** @description Staff number: the same in all accounts of one person. */
            person: string;
        };
        OpenBody: {
            /** @description The day after the last one when absent. */
            date?: string | null;
        };
        OpenKey: {
            /** Format: int64 */
            account: number;
            expires_on?: string | null;
            name: string;
            /** @description Uncompressed SM2 public key in hex; a secret is made when absent. */
            public_key?: string | null;
        };
        OpenedAccount: {
            /** Format: int64 */
            id: number;
            /** @description For the first login, shown this once. */
            password: string;
        };
        OpenedKey: {
            id: string;
            /** @description Shown this once. */
            secret?: string | null;
        };
        Ordered: {
            /** Format: int64 */
            card_count: number;
            first: string;
            /** Format: int64 */
            order: number;
        };
        OutboxFile: {
            confirmed: boolean;
            modified_at: string;
            name: string;
            /** Format: int64 */
            size: number;
        };
        OutboxList: {
            files: components["schemas"]["OutboxFile"][];
        };
        ParticipantView: {
            custodian: string;
            entered_at?: string | null;
            kcv?: string | null;
        };
        PermissionView: {
            code: string;
            /** @description maker, checker or none. */
            duty: string;
            en: string;
            /** @description centre, member, tenant. */
            sides: string[];
            zh: string;
        };
        Permissions: {
            permissions: components["schemas"]["PermissionView"][];
        };
        PersonView: {
            /** Format: int64 */
            account: number;
            login: string;
            name: string;
            person: string;
        };
        PositionsView: {
            /** Format: int64 */
            payable_fen: number;
            /** Format: int64 */
            payers: number;
            /** Format: int64 */
            receivable_fen: number;
            /** Format: int64 */
            receivers: number;
        };
        /** @description The body of an error answer. */
        Problem: {
            /** @description Stable code. */
            code: string;
            /** @description More about this case. */
            detail: string;
            /** @description Inputs at fault. */
            errors: components["schemas"]["FieldError"][];
            /** @description Path of the request. */
            instance: string;
            /** @description By which the request is found in the log. */
            request_id: string;
            /**
             * Format: int32
             * @description HTTP status.
             */
            status: number;
            /** @description Chinese. */
            title: string;
            /** @description English. */
            title_en: string;
            /** @description `about:blank`: the code says what it is. */
            type: string;
        };
        ProofView: {
            clearing_date: string;
            differences: string[];
            error?: string | null;
            /** Format: int64 */
            imbalance_fen: number;
            /** Format: int64 */
            job?: number | null;
            /** Format: int64 */
            lake_records: number;
            proved_at?: string | null;
            /** Format: int64 */
            raw_records: number;
            /** Format: int64 */
            result_files: number;
            /** @description none, running, done or failed. */
            state: string;
            /** Format: int64 */
            uploads: number;
        };
        Propose: {
            decision: components["schemas"]["Decision"];
            reason: string;
        };
        PublishBody: {
            /** @description From when terminals work with it, RFC 3339; at once when absent. */
            effective_at?: string | null;
            /** @description `BLF`, `WHT`, `ISS`, `PSM`, `PAR` or `FEE`. */
            list: string;
            note?: string | null;
        };
        RaiseBody: {
            /**
             * Format: int32
             * @description Code of the act: 1 inquiry, 2 chargeback, 6 credit, 7 claim, 8 fee.
             */
            act: number;
            /**
             * Format: int64
             * @description All that is left of the record when absent.
             */
            amount_fen?: number | null;
            /**
             * Format: int64
             * @description The gap of a lost record.
             */
            gap?: number | null;
            note: string;
            /** Format: int32 */
            reason?: number | null;
            /** Format: int32 */
            record_no: number;
            /** @description The record's upload and number; empty and 0 for a lost record. */
            upload: string;
        };
        RawPage: {
            items: components["schemas"]["RawRecord"][];
            /**
             * Format: int32
             * @description Where the next page begins.
             */
            next?: number | null;
        };
        RawRecord: {
            raw: string;
            reason: string;
            /** Format: int32 */
            record_no: number;
            verdict: string;
        };
        Reason: {
            reason: string;
        };
        ReceiptView: {
            clearing_date: string;
            detail: string;
            name: string;
            result: string;
        };
        RecoveryCodes: {
            recovery_codes: string[];
        };
        Requested: {
            /** Format: int64 */
            request: number;
        };
        ReserveView: {
            /** Format: int64 */
            balance_fen: number;
            /** @description ok, warning or stop. */
            level: string;
            member: string;
            name: string;
            /** Format: int64 */
            stop_fen: number;
            /** Format: int64 */
            target_fen: number;
            /** Format: int64 */
            warning_fen: number;
        };
        ResolveBody: {
            /** @description `book`, `settle`, `offset` or `accept`. */
            action: string;
            note: string;
            /**
             * Format: int64
             * @description The other line, for `offset`.
             */
            other?: number | null;
        };
        RespondBody: {
            /**
             * Format: int32
             * @description Code of the act.
             */
            act: number;
            /** Format: int64 */
            amount_fen?: number | null;
            note: string;
            /** Format: int32 */
            reason?: number | null;
        };
        RoleBody: {
            en: string;
            permissions: string[];
            zh: string;
        };
        RoleView: {
            built_in: boolean;
            code: string;
            en: string;
            permissions: string[];
            zh: string;
        };
        RolesBody: {
            roles: string[];
        };
        /** @description A change of the book: the kind and what belongs to it. */
        SchemeChange: {
            /** @description First clearing date that shall run under it; the next one when absent. */
            effective_on?: string | null;
            /** @description As `/scheme-changes/kinds` names it: `member.fee.add`. */
            kind: string;
            /** @description Why, for who approves. */
            note?: string | null;
            payload: Record<string, never>;
        };
        SessionView: {
            account: components["schemas"]["AccountView"];
            csrf_token: string;
            /**
             * Format: int32
             * @description After so many minutes without a request the session ends.
             */
            idle_minutes: number;
            must_change_password: boolean;
            permissions: string[];
        };
        SettleBody: {
            /** @description A bank day; today when absent. */
            date?: string | null;
        };
        SettlementView: {
            /** Format: int64 */
            carried: number;
            /** Format: int64 */
            fees_fen: number;
            /** @description First and last clearing date that it takes in. */
            first_clearing_date?: string | null;
            /** Format: int64 */
            held: number;
            /** Format: int64 */
            instructions: number;
            last_clearing_date?: string | null;
            /** Format: int64 */
            pays_fen: number;
            /** Format: int64 */
            receives_fen: number;
            settlement_date: string;
        };
        Signed: {
            custodian: string;
            passphrase: string;
        };
        StageView: {
            /** Format: int32 */
            act: number;
            /** Format: int64 */
            adjustment?: number | null;
            /** Format: int64 */
            amount_fen?: number | null;
            /** Format: int64 */
            approval?: number | null;
            at: string;
            creditor?: string | null;
            deadline?: string | null;
            debtor?: string | null;
            member: string;
            note: string;
            /** Format: int32 */
            ordinal: number;
            person: string;
            /** Format: int32 */
            reason?: number | null;
            state: string;
            zh: string;
        };
        StandingView: {
            /** Format: int64 */
            balance_fen: number;
            /** @description `good`, `alert`, `call` or `stop`. */
            band: string;
            /**
             * Format: int64
             * @description What it is asked to pay in.
             */
            call_fen: number;
            /**
             * Format: int64
             * @description Clearing dates until it is under its stop line, as the last ones went.
             */
            days_left?: number | null;
            member: string;
        };
        Standings: {
            items: components["schemas"]["StandingView"][];
        };
        Start: {
            member: string;
            name: string;
        };
        StepBody: {
            note?: string | null;
            on_date?: string | null;
            /** @description open, doing or done. */
            state: string;
        };
        StepView: {
            detail?: string | null;
            done_at?: string | null;
            en: string;
            input_digest?: string | null;
            output_digest?: string | null;
            /** @description done, running, waiting or failed. */
            state: string;
            step: string;
            zh: string;
        };
        /** @description Answer of a change that takes two people. */
        Submitted: {
            /** Format: int64 */
            approval: number;
        };
        SystemView: {
            automatic: boolean;
            clock: string;
            database: string;
            node: string;
            roles: string[];
            version: string;
        };
        TodoView: {
            /** Format: int64 */
            approvals: number;
            /** Format: int64 */
            failed_jobs: number;
            /** Format: int64 */
            suspicious: number;
        };
        TotpCode: {
            code: string;
        };
        TotpEnd: {
            /** @description A one-time password, or a recovery code. */
            code: string;
        };
        TotpOffer: {
            secret: string;
            url: string;
        };
        Transfer: {
            /** Format: int64 */
            count: number;
            /** @description First number; the first of the store when absent. */
            first?: string | null;
            from: string;
            product: string;
            to: string;
        };
        TrendView: {
            /** Format: int64 */
            accepted: number;
            /** Format: int64 */
            amount_fen: number;
            clearing_date: string;
            /** Format: int64 */
            duplicate: number;
            /** Format: int64 */
            records: number;
            /** Format: int64 */
            rejected: number;
            /** Format: int64 */
            suspicious: number;
            /** Format: int64 */
            test: number;
        };
        UploadProgress: {
            fingerprint: string;
            /**
             * Format: int64
             * @description Bytes that are there: where to go on.
             */
            offset: number;
            /** @description Empty while bytes are missing; then as [`InboxState`]. */
            state: string;
        };
        UploadView: {
            accepted: boolean;
            accepted_at?: string | null;
            body_digest?: string | null;
            clearing_date?: string | null;
            file_date?: string | null;
            groups: components["schemas"]["GroupView"][];
            member: string;
            name: string;
            receipts: components["schemas"]["ReceiptView"][];
            /** Format: int64 */
            record_count: number;
            /** Format: int32 */
            sequence?: number | null;
            /** Format: int64 */
            total_fen: number;
            verdicts: components["schemas"]["VerdictView"][];
        };
        Value: unknown;
        VerdictView: {
            /** Format: int64 */
            amount_fen: number;
            /** Format: int64 */
            count: number;
            en: string;
            reason: string;
            verdict: string;
            zh: string;
        };
        WhatIfBody: {
            /** @description Closed dates; those between the first and the last are priced too. */
            clearing_dates: string[];
            /** @description All the rules that shall hold. */
            fees: components["schemas"]["FeeBody"][];
        };
        /** @description What is asked for, by `action`: generate, derive, export, import, move; the rest belongs to it. */
        Wish: Record<string, never> & {
            custodian: string;
            passphrase: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
