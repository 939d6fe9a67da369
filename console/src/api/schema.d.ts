/** Made by `npm run gen` from the server's OpenAPI document; not edited by hand. */
export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
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
        /** @enum {string} */
        Decision: "clear" | "reject";
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
            /** Format: int64 */
            arrived: number;
            /** Format: int64 */
            expected: number;
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
        LogIn: {
            login: string;
            password: string;
            totp?: string | null;
        };
        MissingView: {
            expected_by: string;
            /** Format: int64 */
            late_minutes: number;
            member: string;
            name: string;
        };
        NewPassword: {
            new_password: string;
            old_password: string;
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
        SessionView: {
            account: components["schemas"]["AccountView"];
            csrf_token: string;
            must_change_password: boolean;
            permissions: string[];
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
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
