Timestamp >= make_timestamp_ns({from}) AND Timestamp < make_timestamp_ns({to})
