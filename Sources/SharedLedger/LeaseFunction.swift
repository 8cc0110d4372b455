/// The one place where leases change: a function in the database, so that a gateway needs one round trip for all its limits, and so that
/// what is read, decided and written of a limit happens under its lock.
enum LeaseFunction {
    /// For each limit in turn, in an order that is the same for all gateways (or two could wait for each other): takes note of what was
    /// used, takes back what is returned, and grants more if there is room.
    ///
    /// `used_` is all that the gateway has used in the window so far, so doing it twice does no harm. It never falls, except by `forgiven`
    /// (refunds): a gateway that has forgotten something must not free anything. A grant is at least `least`, or nothing; beyond that at
    /// most an eighth of what is left, so that no gateway holds much while others run out.
    ///
    /// Slots of limits on requests under way (names that begin with a bar) are never used up. Those of a gateway that was not heard of for
    /// a quarter of an hour beyond its lifetime are free again: it has stopped to begin calls long before, see ``LeaseDesk/slotLifetime``.
    /// While a gateway that has less than its equal share of them wants some, no gateway gets more than that share, which the answer's
    /// `share` states.
    static let sql = """
        ALTER TABLE purser.lease ADD COLUMN wanted_until timestamptz; -- slots: this gateway was refused some
        DROP FUNCTION IF EXISTS purser.sync_leases;
        CREATE FUNCTION purser.sync_leases(
          me integer, identities text[], starts_ bigint[], ends_ bigint[], ceilings bigint[], used_ bigint[], forgiven bigint[],
          returned bigint[], least_ bigint[], wished bigint[], lifetime interval
        ) RETURNS TABLE (
          place integer, granted_ bigint, given bigint, elsewhere bigint, idle bigint, is_wanted boolean, spent_elsewhere bigint, share bigint
        ) LANGUAGE plpgsql AS $$
        DECLARE
          i integer;
          w purser.limit_window;
          l purser.lease;
          used_now bigint;
          beyond bigint;
          back bigint;
          room bigint;
          more bigint;
          freed bigint;
          poorest bigint;
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
            IF more > room AND w.identity LIKE '|%' THEN
              WITH gone AS (
                SELECT o.gateway, o.granted - o.used AS unused FROM purser.lease AS o JOIN purser.gateway AS g ON g.number = o.gateway
                  WHERE o.identity = w.identity AND o.starts = w.starts AND o.gateway <> me AND o.granted > o.used
                    AND g.alive_until < now() - interval '15 minutes'
              ), emptied AS (
                UPDATE purser.lease AS o SET granted = o.used FROM gone
                  WHERE o.identity = w.identity AND o.starts = w.starts AND o.gateway = gone.gateway RETURNING gone.unused
              ) SELECT coalesce(sum(unused), 0) INTO freed FROM emptied;
              w.leased := w.leased - freed;
              room := room + freed;
              more := greatest(least_[i], least(wished[i], room / 8));
            END IF;
            share := NULL;
            is_wanted := false;
            IF w.identity LIKE '|%' THEN
              SELECT greatest(ceilings[i] / (count(*) + 1), 1), coalesce(bool_or(o.wanted_until > now()), false),
                coalesce(min(o.granted - o.used) FILTER (WHERE o.wanted_until > now()), ceilings[i])
                INTO share, is_wanted, poorest FROM purser.lease AS o JOIN purser.gateway AS g ON g.number = o.gateway
                WHERE o.identity = w.identity AND o.starts = w.starts AND o.gateway <> me AND g.alive_until > now()
                  AND (o.granted > o.used OR o.wanted_until > now());
              IF poorest >= share THEN share := NULL; END IF;
              IF more > 0 AND l.granted - l.used + more > share THEN
                more := CASE WHEN l.granted - l.used + least_[i] > share THEN room + 1 ELSE share - l.granted + l.used END;
              END IF;
              l.wanted_until := CASE WHEN more > room THEN now() + interval '3 seconds' WHEN more = 0 THEN l.wanted_until END;
            END IF;
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
            UPDATE purser.lease SET granted = l.granted, used = l.used, wanted_until = l.wanted_until, expires = now() + lifetime
              WHERE identity = l.identity AND starts = l.starts AND gateway = me;
            place := i;
            granted_ := l.granted;
            given := more;
            elsewhere := w.spent + w.leased - l.granted;
            spent_elsewhere := w.spent - l.used;
            IF w.identity NOT LIKE '|%' THEN is_wanted := coalesce(w.wanted_until > now(), false); END IF;
            RETURN NEXT;
          END LOOP;
        END $$;

        -- Gives back the slots that an earlier run of a gateway has left: its calls have ended with it.
        CREATE FUNCTION purser.free_slots(me integer) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE
          l purser.lease;
        BEGIN
          FOR l IN SELECT * FROM purser.lease WHERE gateway = me AND identity LIKE '|%' AND granted > used ORDER BY identity COLLATE "C" LOOP
            PERFORM FROM purser.limit_window WHERE identity = l.identity AND starts = l.starts FOR UPDATE;
            SELECT * INTO l FROM purser.lease WHERE identity = l.identity AND starts = l.starts AND gateway = me;
            CONTINUE WHEN NOT FOUND;
            UPDATE purser.limit_window SET leased = leased - (l.granted - l.used) WHERE identity = l.identity AND starts = l.starts;
            UPDATE purser.lease SET granted = used WHERE identity = l.identity AND starts = l.starts AND gateway = me;
          END LOOP;
        END $$;
        """
}
