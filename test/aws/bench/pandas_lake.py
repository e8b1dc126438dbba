"""Bronze and silver of the reference's five objects, with awswrangler.

The work that the reference's Lambda function and Glue job do, written anew:
list the raw objects, read each into a DataFrame, write it as Parquet; then list
those, drop and split columns, write them again. At the end it prints the most
memory in KiB that was resident in this process, by the kernel's account.
"""

import sys

import awswrangler as wr
import boto3
import pandas as pd

DATASET = "wordpress_api"

DROPPED = {
    "posts": [
        "post_date_gmt", "post_excerpt", "comment_status", "ping_status", "post_name", "to_ping", "pinged",
        "post_modified_gmt", "post_content_filtered", "guid", "menu_order", "post_mime_type", "comment_count",
    ],
    "term_relationship": ["term_order"],
    "term_taxonomy": ["description", "parent"],
    "terms": ["term_group"],
}
DATES = {"posts": ["post_date", "post_modified"], "statistics_pages": ["date"]}


def name_of(path):
    return path.rsplit("/", 1)[1].rsplit(".", 1)[0]


def bronze(session, raw, target):
    for path in wr.s3.list_objects(f"s3://{raw}/{DATASET}", suffix="json", boto3_session=session):
        name = name_of(path)
        df = wr.s3.read_json(path, boto3_session=session)
        if df.empty:
            raise SystemExit(f"{name} is empty")
        wr.s3.to_parquet(df, path=f"s3://{target}/{DATASET}/{name}/{name}.parquet", boto3_session=session)


def silver(session, source, target):
    for path in wr.s3.list_objects(f"s3://{source}/{DATASET}", suffix="parquet", boto3_session=session):
        name = name_of(path)
        df = wr.s3.read_parquet(path, boto3_session=session)
        for column in DATES.get(name, []):
            day = pd.to_datetime(df[column], errors="coerce")
            df[f"{column}_todate"] = day
            df[f"{column}_year"] = day.dt.year
            df[f"{column}_month"] = day.dt.month
            df[f"{column}_day"] = day.dt.day
        df = df.drop(columns=DROPPED.get(name, []))
        if name == "terms":
            df["name"] = df["name"].str.replace("&amp;", "&")
        wr.s3.to_parquet(df, path=f"s3://{target}/{DATASET}/{name}/{name}.parquet", boto3_session=session)


def high_water():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    raise SystemExit("the kernel tells no VmHWM")


if __name__ == "__main__":
    raw_bucket, bronze_bucket, silver_bucket = sys.argv[1:]
    aws = boto3.Session()
    bronze(aws, raw_bucket, bronze_bucket)
    silver(aws, bronze_bucket, silver_bucket)
    print(high_water())
