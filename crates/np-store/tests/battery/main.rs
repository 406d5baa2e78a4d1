//! What every store does, on both databases: one list of behaviours, each a test of its own for either.
//!
//! A behaviour gets a [`world::World`] with an empty store and does not know which one. Values to keep come from
//! [`values`].

#![expect(clippy::unwrap_used, reason = "a failure here is a failed test, not a dead server")]

mod accounts;
mod approvals;
mod budgets;
mod certificates;
mod claims;
mod csrs;
mod damage;
mod dns_records;
mod feed;
mod hostnames;
mod idempotency;
mod large;
mod lists;
mod outage;
mod packs;
mod plans;
mod rules;
mod secrets;
mod states;
mod values;
mod world;
mod zone_activation;
mod zones;

macro_rules! battery {
    ($($area:ident: $($behaviour:ident),+;)+) => {
        mod sqlite {
            $(mod $area { $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    crate::$area::$behaviour(crate::world::World::on_sqlite().await).await;
                }
            )+ })+
        }
        mod postgres {
            $(mod $area { $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    crate::$area::$behaviour(crate::world::World::on_postgres().await).await;
                }
            )+ })+
        }
    };
}

battery! {
    accounts:
        accounts_come_back_oldest_first,
        changes_of_callers_count_as_revisions_and_uses_do_not,
        token_is_found_by_the_hash_of_its_secret_and_by_id,
        token_needs_an_account_and_a_secret_of_its_own,
        tokens_are_listed_with_their_owner_only,
        token_is_saved_over_the_version_that_was_read_and_removed_once,
        use_of_a_token_is_noted_no_more_often_than_asked_for,
        first_tokens_are_read_as_what_they_allowed,
        users_are_found_by_their_keys_and_saved;
    approvals:
        approval_is_found_by_its_order_and_by_its_links,
        approval_is_given_once_and_not_after_its_end,
        mailings_are_counted_by_domain_and_swept_with_their_orders;
    budgets:
        orders_get_their_burst_and_then_their_turn,
        two_processes_spend_one_budget,
        zones_take_turns,
        who_does_not_come_back_is_passed_over,
        what_is_given_back_is_taken_again,
        all_budgets_are_taken_or_none;
    certificates:
        certificate_is_saved_beside_its_hostname,
        certificate_of_a_removed_hostname_is_stale,
        edit_adds_a_certificate_or_changes_it_or_leaves_it;
    claims:
        claimed_rows_are_hidden_until_the_lease_ends,
        release_ends_a_lease_and_keep_prolongs_it,
        hastening_a_zone_makes_its_unproven_hostnames_due,
        release_leases_ends_those_of_one_owner_only,
        the_longest_due_come_first_and_no_more_than_asked_for,
        hostnames_and_packs_wait_in_one_line,
        two_claimants_never_share_a_row,
        leaving_hostnames_are_claimed_and_their_certificates_are_not;
    csrs:
        csr_is_found_by_its_owner_only,
        csrs_are_listed_in_the_order_asked_for,
        csr_needs_its_zone_and_goes_with_it,
        csr_goes_once_no_certificate_has_its_key;
    damage:
        damaged_row_names_itself_and_hides_no_other;
    dns_records:
        every_type_of_record_comes_back_equal,
        record_is_saved_removed_and_told_to_the_feed,
        record_is_found_in_its_zone_only,
        rules_between_records_are_judged_of_what_would_be,
        concurrent_creates_do_not_break_the_rules,
        a_name_takes_a_bounded_number_of_records,
        the_fallback_origins_last_record_stays,
        records_go_with_their_zone,
        filters_find_records_by_all_that_the_api_names,
        records_are_listed_in_order_and_by_page,
        finds_of_a_scan_stay_until_they_are_judged;
    feed:
        removed_items_stay_as_tombstones,
        marked_item_keeps_its_generation_until_it_is_numbered_again,
        numbering_nothing_changes_nothing,
        no_reader_ever_misses_a_change,
        reports_of_nodes_are_kept_by_node_and_role;
    hostnames:
        inserted_hostname_is_found_in_its_zone_only,
        name_is_taken_once_per_zone_until_its_hostname_leaves,
        hostname_needs_a_zone,
        concurrent_inserts_of_one_name_add_one,
        save_of_a_version_that_moved_on_is_stale,
        several_are_saved_all_or_none,
        proven_rivals_are_the_proven_ones_of_other_ids,
        removal_is_only_for_those_that_leave_and_idempotent,
        history_is_newest_first_and_bounded;
    idempotency:
        first_answer_is_kept_and_given_again,
        of_too_many_answers_the_callers_oldest_are_forgotten,
        dead_attempt_is_replaced_and_cannot_answer_any_more,
        forgotten_attempt_leaves_the_key_free_and_a_kept_answer_stays,
        of_several_at_once_one_is_first,
        sweep_removes_what_expired_and_no_more_than_asked_for;
    large:
        every_filter_leads_through_a_large_zone,
        pages_by_number_are_exact_in_a_large_zone,
        those_that_cannot_be_added_do_not_hinder_the_others,
        no_zone_gets_more_than_it_may_have,
        counts_that_are_added_up_stay_the_same;
    lists:
        pages_are_in_order_of_creation_and_end,
        filters_narrow_the_list_and_the_total,
        filters_follow_edits_of_the_certificate,
        signs_of_patterns_are_plain_text,
        filters_by_states_follow_them_and_the_time,
        each_order_goes_both_ways,
        positions_lead_through_every_order,
        what_comes_and_goes_moves_nothing_else,
        the_count_follows_every_change;
    packs:
        pack_is_found_in_its_zone_only_and_listed_in_order,
        a_zone_has_room_for_so_many_packs_and_one_universal_one,
        certificate_of_a_pack_is_saved_with_the_packs_version,
        leaving_pack_is_claimed_told_of_and_removed,
        removing_a_zone_takes_its_packs_along,
        certificate_of_a_hostname_is_found_by_its_id_in_its_zone_only;
    plans:
        every_list_keeps_its_plans_and_reads_no_whole_table,
        every_statement_keeps_its_plan_and_reads_no_whole_table;
    rules:
        blocked_names_are_listed_by_name_changed_and_removed_once,
        prefixes_are_an_accounts_until_they_are_taken_back,
        hold_of_a_zone_comes_back_equal,
        heeding_makes_unproven_hostnames_due_and_no_others;
    secrets:
        first_secret_of_a_name_stays,
        secrets_are_forgotten_by_a_range_of_names,
        secret_is_replaced_by_who_knows_it_and_removed;
    states:
        every_ownership_state_comes_back_equal,
        every_attempt_comes_back_equal,
        every_setting_comes_back_equal;
    zone_activation:
        every_state_of_a_zone_comes_back_equal,
        zone_of_the_release_before_is_active_since_it_was_added,
        zones_are_claimed_when_due_until_their_lease_ends,
        zone_is_not_added_beside_another_accounts_active_one,
        two_accounts_adding_one_name_at_once_get_one_zone,
        save_that_would_leave_a_name_active_twice_is_stale,
        zones_are_found_by_name_in_every_account,
        a_pack_is_told_anew_when_a_zone_below_takes_a_host_or_gives_it_back;
    zones:
        zone_is_found_listed_and_saved,
        changes_of_zones_count_as_revisions,
        zone_name_is_taken_once_per_account,
        zone_with_hostnames_stays_and_with_leaving_ones_goes,
        zones_are_listed_by_name,
        zones_are_listed_for_those_who_may_see_them,
        zones_are_found_by_each_term_and_by_all_or_any;
}
