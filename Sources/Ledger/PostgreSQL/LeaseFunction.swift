/// The one place where leases change: a function in the database, so that a gateway needs one round trip for all its limits, and so that
/// what is read, decided and written of a limit happens under its lock.
enum LeaseFunction {
    /// For each limit in turn, in an order that is the same for everybody (or two gateways could wait for each other):
    /// takes note of what was used, takes back what is returned, and grants more if there is room.
    ///
    /// `used_` is all that the gateway has used in the window so far, so doing it twice does no harm. It never falls, except by `forgiven`
    /// (refunds): a gateway that has forgotten something must not free anything. A grant is at least `least`, or nothing; beyond that at most an
    /// eighth of what is left, so that nobody holds much while others run dry.
    static let sql = """
        CREATE FUNCTION purser.sync_leases(
          me integer, identities text[], starts_ bigint[], ends_ bigint[], ceilings bigint[], used_ bigint[], forgiven bigint[],
          returned bigint[], least_ bigint[], wished bigint[], lifetime interval
        ) RETURNS TABLE (place integer, granted_ bigint, given bigint, elsewhere bigint, idle bigint, is_wanted boolean) LANGUAGE plpgsql AS $$
        DECLARE
          i integer;
          w purser.limit_window;
          l purser.lease;
          used_now bigint;
          beyond bigint;
          back bigint;
          room bigint;
          more bigint;
        BEGIN
          FOR i IN SELECT n FROM generate_subscripts(identities, 1) AS n ORDER BY identities[n] COLLATE "C", starts_[n] LOOP
            INSERT INTO purser.limit_window (identity, starts, ends, ceiling) VALUES (identities[i], starts_[i], ends_[i], ceilings[i])
              ON CONFLICT DO NOTHING;
            SELECT * INTO STRICT w FROM purser.limit_window WHERE identity = identities[i] AND starts = starts_[i] FOR UPDATE;
            INSERT INTO purser.lease (identity, starts, gateway, expires) VALUES (identities[i], starts_[i], me, now() + lifetime)
              ON CONFLICT DO NOTHING;
            SELECT * INTO STRICT l FROM purser.lease WHERE identity = identities[i] AND starts = starts_[i] AND gateway = me FOR UPDATE;

            -- A lower limit takes nothing away that is spent or leased.
            w.ceiling := greatest(ceilings[i], w.spent + w.leased - w.overrun, 0);
            used_now := greatest(l.used - forgiven[i], used_[i], 0);
            -- Used without a lease: what a provider billed beyond what was set aside, or what `fail: open` let through.
            beyond := greatest(used_now - l.granted, 0);
            w.spent := w.spent + used_now - l.used;
            w.leased := w.leased + l.used - used_now + beyond;
            l.granted := l.granted + beyond;
            l.used := used_now;
            back := least(greatest(returned[i], 0), l.granted - l.used);
            l.granted := l.granted - back;
            w.leased := w.leased - back;
            w.overrun := w.overrun + greatest(w.spent + w.leased - w.ceiling - w.overrun, 0);

            room := greatest(ceilings[i] - w.spent - w.leased, 0);
            more := greatest(least_[i], least(wished[i], room / 8));
            idle := 0;
            IF more > room THEN
              w.wanted_until := now() + interval '3 seconds';
              more := 0;
              SELECT coalesce(sum(o.granted - o.used), 0) INTO idle FROM purser.lease AS o JOIN purser.gateway AS g ON g.number = o.gateway
                WHERE o.identity = identities[i] AND o.starts = starts_[i] AND o.gateway <> me AND g.alive_until > now();
            END IF;
            l.granted := l.granted + more;
            w.leased := w.leased + more;

            UPDATE purser.limit_window SET ceiling = w.ceiling, spent = w.spent, leased = w.leased, overrun = w.overrun,
              wanted_until = w.wanted_until WHERE identity = w.identity AND starts = w.starts;
            UPDATE purser.lease SET granted = l.granted, used = l.used, expires = now() + lifetime
              WHERE identity = l.identity AND starts = l.starts AND gateway = me;
            place := i;
            granted_ := l.granted;
            given := more;
            elsewhere := w.spent + w.leased - l.granted;
            is_wanted := coalesce(w.wanted_until > now(), false);
            RETURN NEXT;
          END LOOP;
        END $$;
        """
}
